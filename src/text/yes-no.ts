const words: Readonly<Record<string, boolean>> = { true: true, yes: true, on: true, 1: true, false: false, no: false, off: false, 0: false }

/** What a word of a variable or setting says; undefined for one that says neither. */
export function parseYesNo(word: string): boolean | undefined {
  const plain = word.trim().toLowerCase()
  return Object.hasOwn(words, plain) ? words[plain] : undefined
}
