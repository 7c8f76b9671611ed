// Records whose keys are names from outside, of tensors and files. A name may spell a member that every object has, such as "constructor".

/** What a record holds under a name; undefined where it holds nothing. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
