/** Whole numbers with thousands separated: `12,345`; a bigint to its last digit. */
export function formatCount(value: number | bigint): string {
  return (typeof value === 'bigint' ? value : Math.round(value)).toString().replace(/\B(?=(\d{3})+$)/g, ',')
}

const units = [
  { from: 1e12, letter: 'T' },
  { from: 1e9, letter: 'B' },
  { from: 1e6, letter: 'M' },
  { from: 1e3, letter: 'K' },
] as const

/** Large quantities with three digits: `1,234` up to ten thousand, then `12.3K`, `4.56M`. */
export function formatCompact(value: number): string {
  if (Math.abs(value) < 10_000) return formatCount(value)
  const index = units.findIndex(({ from }) => Math.abs(value) >= from)
  const { from, letter } = units[index] ?? units[3]
  const text = threeDigits(value / from)
  // 999,999 rounds up into the next unit.
  if (text === '1000' && index > 0) return `1.00${units[index - 1]?.letter ?? ''}`
  return `${text}${letter}`
}

function threeDigits(value: number): string {
  const magnitude = Math.abs(value)
  return value.toFixed(magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0)
}

/** A fraction as a percentage: `0.4 %` is never shown as zero. */
export function formatShare(fraction: number): string {
  if (fraction > 0 && fraction < 0.0005) return '<0.1%'
  return `${(fraction * 100).toFixed(1)}%`
}

/** Bytes as people read them: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 999_500) return `${(bytes / 1e3).toFixed(0)} kB`
  if (bytes < 999_950_000) return `${(bytes / 1e6).toFixed(1)} MB`
  return `${(bytes / 1e9).toFixed(2)} GB`
}
