import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { PurserError } from '../errors.ts'
import { messageOf } from '../text/sentence.ts'

const timeoutMs = 30_000
const maxBytes = 64 * 1024 * 1024

/**
 * Reads a price list in JSON or YAML from a file or an address.
 * @throws PURSER_NOT_FOUND when it cannot be read, PURSER_CATALOG_REJECTED when it is neither JSON nor YAML.
 */
export async function readPriceList(source: string, cwd: string): Promise<unknown> {
  const isAddress = /^https?:\/\//i.test(source)
  let text: string
  try {
    text = isAddress ? await fetchText(source) : await readFile(resolve(cwd, source), 'utf8')
  } catch (cause) {
    throw new PurserError('PURSER_NOT_FOUND', `${source} cannot be read: ${reasonOf(cause)}. Nothing was applied.`, { cause })
  }
  try {
    if (!/^\.ya?ml$/i.test(extname(source))) return JSON.parse(text)
    const { parse } = await import('yaml')
    return parse(text)
  } catch (cause) {
    throw new PurserError('PURSER_CATALOG_REJECTED', `${source} is not a price list: ${reasonOf(cause)}. Nothing was applied.`, { cause })
  }
}

async function fetchText(address: string): Promise<string> {
  const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`it is larger than ${maxBytes / 1024 / 1024} MB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function reasonOf(cause: unknown): string {
  const deeper = cause instanceof Error ? cause.cause : undefined
  return deeper instanceof Error ? `${messageOf(cause)} (${messageOf(deeper)})` : messageOf(cause)
}
