// What the stages may ask of a family, so that none of them knows a kind of operator.

/** What the stages need to know of a family. */
export interface Traits {
  /**
   * 'all': inputs and outputs have one scale. 'first': the outputs have that of the first input. 'sole': the output's scale is also that of the
   * inputs which nothing else reads. 'none': every tensor has a scale of its own.
   */
  readonly sharesScale: 'all' | 'first' | 'sole' | 'none'
  /** Whether its outputs hold nothing but values of its inputs, and zeros: then the inputs' statistics are the outputs' as well. */
  readonly copiesData: boolean
  /** Whether it can write integers of the chip's wide width. */
  readonly writesWide: boolean
  /** Whether it can read wide integers. */
  readonly readsWide: boolean
  /** Whether wide inputs make its result better, as it depends on differences that 8 bits would round away. 'behind': where a reader of its output gains so. */
  readonly gainsFromWide: boolean | 'behind'
  /** Whether it computes on wide integers as a step of a Scan, where rounding to fewer bits would add up from step to step. */
  readonly wideInSteps?: true
  /**
   * Where it runs in float because its neighbours do, as integers would cost precision there and save nothing: 'between' two operators in
   * float, 'atEdge' also between such an operator and an input of the model.
   */
  readonly followsFloat: 'between' | 'atEdge' | 'never'
  /**
   * What it does where a tensor is held less a constant.
   * 'absorbs': its bias or table takes the constant in.
   * 'passes': it hands the constant on, where all its tensors have the same one.
   * 'averages': as 'passes', and all its tensors have one scale.
   * 'joins': it hands the constant on; an input with another constant comes through a table.
   * 'adds': its output is held less the sum of its inputs' constants, each times its gain.
   * 'multiplies': one factor may be held less a constant, and a sum behind the product makes up for it.
   * 'none': it needs the true zero.
   */
  readonly offset: 'absorbs' | 'passes' | 'averages' | 'joins' | 'adds' | 'multiplies' | 'none'
}
