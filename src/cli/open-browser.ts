import { spawn } from 'node:child_process'
import { warn } from './output.ts'

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['explorer.exe'],
}

/** Shows a page in the browser of whoever sits here; where there is none that is said, and nothing else happens. */
export function openBrowser(url: string): void {
  const [command = '', ...args] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => warn(`no browser can be opened from here; the page is ${url}.`))
  child.unref()
}
