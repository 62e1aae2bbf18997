// What reports in Markdown are made of.

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [line(header), line(header.map(() => '---')), ...rows.map(line)]
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** What hosts named is text: it starts no table cell, emphasis or link. */
export function markdownText(value: string): string {
  return value.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\s+/g, ' ')
}
