import { PurserError } from '../errors.ts'
import { readText } from './positioned-document.ts'

/** A variable as a file of lines `NAME=value` sets it. */
export interface EnvLine {
  readonly value: string
  /** `path:line:column` of its value. */
  readonly place: string
}

const linePattern = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(\s*)(.*)$/

/**
 * The named variables of a file of lines `NAME=value`; the last line of a name counts. Lines of `#` and all other lines
 * are passed over and not kept. A value may stand in quotes, and what follows ` #` is a comment.
 * @throws PURSER_BAD_CONFIG where the file cannot be read, or a named variable has a quote without its end
 */
export function readEnvFile(path: string, names: readonly string[]): ReadonlyMap<string, EnvLine> {
  const found = new Map<string, EnvLine>()
  const lines = readText(path)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    const [, name = '', , rest = ''] = linePattern.exec(line) ?? []
    if (!names.includes(name)) continue
    const place = `${path}:${index + 1}:${line.length - rest.length + 1}`
    found.set(name, { value: valueOf(rest, `${place}: ${name}`), place })
  }
  return found
}

function valueOf(rest: string, where: string): string {
  const quote = rest[0]
  if (quote !== '"' && quote !== "'") return rest.replace(/(?:^|\s)#.*$/, '').trim()
  const end = rest.indexOf(quote, 1)
  const after = rest.slice(end + 1).trim()
  if (end > 0 && (after === '' || after.startsWith('#'))) return rest.slice(1, end)
  throw new PurserError('PURSER_BAD_CONFIG', `${where} is ${rest}; end a value in quotes with the quote it begins with.`)
}
