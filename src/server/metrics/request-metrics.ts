import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Server } from '../server-context.ts'

/** Seconds; most answers take a few milliseconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What the process takes, and how its requests go, since it began. Routes are named as they are defined, never as asked. */
export function measureRequests(app: Server): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'purser_http_request_duration_seconds',
    help: 'How long requests took, by route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets,
    registers: [registry],
  })
  app.addHook('onResponse', async ({ method, routeOptions: { url } }, { statusCode, elapsedTime }) => {
    // A stream lasts as long as somebody listens.
    if (url?.endsWith('/stream') === true) return
    durations.observe({ method, route: url ?? 'none', status: String(statusCode) }, elapsedTime / 1000)
  })
  return registry
}
