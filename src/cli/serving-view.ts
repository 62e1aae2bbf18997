import { paint } from './terminal.ts'
import { shellWord } from '../text/shell-word.ts'

/** A server that runs, as is told where it starts. */
export interface ServingFacts {
  readonly url: string
  readonly ledger: string
  readonly hasKeys: boolean
  readonly isReadOnly: boolean
}

/** Where the server is, who may ask, and a command to try it with. */
export function servingLines({ url, ledger, hasKeys, isReadOnly }: ServingFacts): string[] {
  const key = hasKeys ? ' -H "Authorization: Bearer $PURSER_KEY"' : ''
  const here = reachable(url)
  return [
    `purser serves ${ledger}${isReadOnly ? ', for reading only,' : ''} at ${paint('bold', here)}`,
    hasKeys
      ? 'It asks for keys; `purser keys list` shows them.'
      : 'It has no keys, so whoever uses this machine may ask; `purser keys create --name me --role admin` makes one.',
    '',
    'Try it:',
    `  curl -s${key} ${shellWord(`${here}/api/v1/costs?by=model`)}`,
    '',
    `${here}/docs shows all that can be asked. Ctrl-C stops it.`,
  ]
}

/** The address by which this machine reaches a server that listens on all of its addresses. */
export function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}
