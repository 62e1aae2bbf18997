const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** A span of time in at most two units, rounded down: `<1 s`, `45 s`, `12 min`, `5 h 20 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < secondMs) return '<1 s'
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)} s`
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`
  if (ms < dayMs) return withRest(Math.floor(ms / hourMs), 'h', Math.floor((ms % hourMs) / minuteMs), 'min')
  return withRest(Math.floor(ms / dayMs), 'd', Math.floor((ms % dayMs) / hourMs), 'h')
}

function withRest(count: number, unit: string, rest: number, smaller: string): string {
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${smaller}`
}
