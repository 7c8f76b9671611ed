// What the stages may ask of a family, so that none of them knows a kind of operator.

/** What the stages need to know of a family. */
export interface Traits {
  /**
   * 'all': inputs and outputs have one scale. 'first': the outputs have that of the first input. 'sole': the output's scale is also that of the
   * inputs which nothing else reads. 'none': every tensor has a scale of its own.
   */
  readonly sharesScale: 'all' | 'first' | 'sole' | 'none'
  /** Its outputs hold values of its inputs (or zeros), so that the inputs' statistics are theirs. */
  readonly copiesData: boolean
  /** It can write integers of the chip's wide width. */
  readonly writesWide: boolean
  /** It can read them. */
  readonly readsWide: boolean
  /** It reads them with profit: its result depends on differences that 8 bits would round away. 'behind': where that holds of a reader of its output. */
  readonly gainsFromWide: boolean | 'behind'
  /** As a step of a Scan it computes on wide integers: rounding to fewer bits would add up from step to step. */
  readonly wideInSteps?: true
  /**
   * Whether it runs in float where its neighbours do: 'between' two operators in float, 'atEdge' also between such an operator and
   * what is fed to the model. It would cost precision there and save nothing.
   */
  readonly followsFloat: 'between' | 'atEdge' | 'never'
  /**
   * What it does where a tensor is held less a constant. 'absorbs': its bias or table takes the constant in; 'passes': it hands it on where all
   * its tensors have it; 'averages': it does so where they have one scale as well; 'joins': it passes it on, and what has another comes through a
   * table; 'adds': its output lacks what its gains make of its inputs' constants; 'multiplies': one factor may lack a constant, and a sum
   * behind the product makes up for it; 'none': it needs the true zero.
   */
  readonly offset: 'absorbs' | 'passes' | 'averages' | 'joins' | 'adds' | 'multiplies' | 'none'
}
