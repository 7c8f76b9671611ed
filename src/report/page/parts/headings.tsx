// The head of a table of numbers.

interface HeadingsProps {
  /** Of the column that names the rows. */
  readonly first: string
  readonly numbers: readonly string[]
}

export function Headings({ first, numbers }: HeadingsProps) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {numbers.map((name) => (
          <th key={name} scope="col" class="number">
            {name}
          </th>
        ))}
      </tr>
    </thead>
  )
}
