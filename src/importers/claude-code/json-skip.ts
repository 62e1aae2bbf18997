/**
 * Passes over JSON in bytes without decoding it. Every function takes the index at which a value starts and gives the
 * index after it, or -1 for anything that is not JSON as `JSON.stringify` writes it: without spaces, well formed. The
 * byte after the text must be a control character, which nothing here passes over.
 */

const quote = 34
const backslash = 92
const comma = 44
const maxDepth = 200

/** 1 where a run of ordinary characters in a string ends: a quote, a backslash or a control character. */
const stops = new Uint8Array(256)
stops.fill(1, 0, 32)
stops[quote] = 1
stops[backslash] = 1

/** 1 for the characters that follow a backslash in an escape of two characters. */
const escapes = new Uint8Array(256)
for (const character of '"\\/bfnrt') escapes[character.charCodeAt(0)] = 1

/** `index` is after the opening quote; gives the index after the closing one. */
export function skipString(bytes: Uint8Array, index: number): number {
  let at = index
  for (;;) {
    while (stops[bytes[at] as number] === 0) at += 1
    const stop = bytes[at]
    if (stop === quote) return at + 1
    if (stop !== backslash) return -1
    if (escapes[bytes[at + 1] as number] === 1) at += 2
    else if (bytes[at + 1] === 117 && isHex(bytes[at + 2]) && isHex(bytes[at + 3]) && isHex(bytes[at + 4]) && isHex(bytes[at + 5])) at += 6
    else return -1
  }
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
}

export function skipValue(bytes: Uint8Array, index: number, depth = 0): number {
  switch (bytes[index]) {
    case quote:
      return skipString(bytes, index + 1)
    case 123:
      return depth > maxDepth ? -1 : skipObject(bytes, index + 1, depth)
    case 91:
      return depth > maxDepth ? -1 : skipArray(bytes, index + 1, depth)
    case 116:
      return skipWord(bytes, index, wordTrue)
    case 102:
      return skipWord(bytes, index, wordFalse)
    case 110:
      return skipWord(bytes, index, wordNull)
    default:
      return skipNumber(bytes, index)
  }
}

function skipObject(bytes: Uint8Array, index: number, depth: number): number {
  let at = index
  if (bytes[at] === 125) return at + 1
  for (;;) {
    if (bytes[at] !== quote) return -1
    at = skipString(bytes, at + 1)
    if (at < 0 || bytes[at] !== 58) return -1
    at = skipValue(bytes, at + 1, depth + 1)
    if (at < 0) return -1
    if (bytes[at] === 125) return at + 1
    if (bytes[at] !== comma) return -1
    at += 1
  }
}

function skipArray(bytes: Uint8Array, index: number, depth: number): number {
  let at = index
  if (bytes[at] === 93) return at + 1
  for (;;) {
    at = skipValue(bytes, at, depth + 1)
    if (at < 0) return -1
    if (bytes[at] === 93) return at + 1
    if (bytes[at] !== comma) return -1
    at += 1
  }
}

export const wordTrue = Buffer.from('true')
export const wordFalse = Buffer.from('false')
export const wordNull = Buffer.from('null')

export function skipWord(bytes: Uint8Array, index: number, word: Uint8Array): number {
  for (let offset = 0; offset < word.length; offset += 1) if (bytes[index + offset] !== word[offset]) return -1
  return index + word.length
}

/** Passes over a value that says nothing: zero, null, false or an empty text; -1 for any other. */
export function skipZero(bytes: Uint8Array, index: number): number {
  const next = bytes[index + 1]
  if (bytes[index] === 48) return next === 44 || next === 125 ? index + 1 : -1
  if (bytes[index] === quote) return next === quote ? index + 2 : -1
  return skipWord(bytes, index, bytes[index] === 110 ? wordNull : wordFalse)
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

function skipNumber(bytes: Uint8Array, index: number): number {
  let at = bytes[index] === 45 ? index + 1 : index
  if (!isDigit(bytes[at])) return -1
  if (bytes[at] === 48) at += 1
  else at = skipDigits(bytes, at)
  if (bytes[at] === 46) {
    if (!isDigit(bytes[at + 1])) return -1
    at = skipDigits(bytes, at + 1)
  }
  if (bytes[at] === 101 || bytes[at] === 69) {
    at += bytes[at + 1] === 43 || bytes[at + 1] === 45 ? 2 : 1
    if (!isDigit(bytes[at])) return -1
    at = skipDigits(bytes, at)
  }
  return at
}

function skipDigits(bytes: Uint8Array, index: number): number {
  let at = index
  while (isDigit(bytes[at])) at += 1
  return at
}
