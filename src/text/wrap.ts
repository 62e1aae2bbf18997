import { displayWidth } from './display-width.ts'

/** A paragraph in lines of at most so many columns; what follows the first is set in by `hang`. Long words stay whole. */
export function wrapText(text: string, columns: number, hang = ''): string[] {
  const lines: string[] = []
  const start = /^ */.exec(text)?.[0] ?? ''
  let line = start
  let isEmpty = true
  for (const word of text.trim().split(/ +/)) {
    if (!isEmpty && displayWidth(line) + 1 + displayWidth(word) > columns) {
      lines.push(line)
      line = `${hang}${word}`
    } else line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

/**
 * A page of help within so many columns: paragraphs are set anew, and an example stands above its remark where both do
 * not fit in a line. What fits stays as it is.
 */
export function fitPage(page: string, columns: number): string {
  if (page.split('\n').every((line) => displayWidth(line) <= columns)) return page
  const fitted: string[] = []
  let paragraph: string[] = []
  const flush = (): void => {
    if (paragraph.some((line) => displayWidth(line) > columns)) fitted.push(...wrapText(paragraph.join(' '), columns))
    else fitted.push(...paragraph)
    paragraph = []
  }
  for (const line of page.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line)
      continue
    }
    flush()
    fitted.push(...(displayWidth(line) <= columns ? [line] : fitExample(line, columns)))
  }
  flush()
  return fitted.join('\n')
}

function fitExample(line: string, columns: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? ''
  const [command = '', ...remark] = line.trim().split(/ {2,}/)
  const hang = `${indent}    `
  const said = remark.join(' ')
  return [...wrapText(indent + command, columns, hang), ...(said === '' ? [] : wrapText(hang + said, columns, hang))]
}
