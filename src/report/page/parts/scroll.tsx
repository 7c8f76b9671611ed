// A part that scrolls by itself, so that the page never scrolls sideways.

import type { ComponentChildren } from 'preact'

interface ScrollProps {
  readonly label: string
  readonly class?: string
  readonly children: ComponentChildren
}

export function Scroll({ label, class: name = 'scroll', children }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no pointer scrolls it with the arrow keys, which needs the focus
    <section class={name} aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
