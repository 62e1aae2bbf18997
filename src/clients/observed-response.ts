import { endingOfError } from '../facade/ending-of-error.ts'
import type { OpenCall } from '../facade/calls/open-call.ts'
import type { Arrived } from './arrived.ts'

/** The answer as the client gets it: byte for byte, with what it came to settled once it was read, or was left. */
export function observedResponse(response: Response, open: OpenCall, arrived: Arrived, extendEveryMs: number): Response {
  const { body, status, statusText, headers, url } = response
  // Clients do not read a body that is said to be empty.
  if (body === null || headers.get('content-length') === '0') {
    arrived.end()
    open.succeed(arrived.call())
    return response
  }
  const observed = new Response(observedBody(body, open, arrived, extendEveryMs), { status, statusText, headers })
  Object.defineProperty(observed, 'url', { value: url })
  return observed
}

function observedBody(
  body: ReadableStream<Uint8Array>,
  open: OpenCall,
  arrived: Arrived,
  extendEveryMs: number,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let extendedAt = performance.now()
  let isOver = false
  const over = (end: () => void): void => {
    if (isOver) return
    isOver = true
    end()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          let next: Awaited<ReturnType<typeof reader.read>>
          try {
            next = await reader.read()
          } catch (error) {
            over(() => leave(open, arrived, endingOfError(error) === 'aborted' ? 'aborted' : 'cut'))
            controller.error(error)
            return
          }
          if (next.done) {
            const rest = arrived.end()
            if (rest !== undefined) controller.enqueue(rest)
            controller.close()
            // A stream that ends without its last event was cut, too.
            over(() => leave(open, arrived, 'cut'))
            return
          }
          if (performance.now() - extendedAt > extendEveryMs) {
            extendedAt = performance.now()
            open.extend()
          }
          const chunk = arrived.add(next.value)
          if (chunk.length === 0) continue
          controller.enqueue(chunk)
          return
        }
      },
      async cancel(reason) {
        over(() => leave(open, arrived, 'aborted'))
        await reader.cancel(reason)
      },
    },
    // Nothing is read before the client asks for it.
    { highWaterMark: 0 },
  )
}

/** A client that has the last event does not read on. */
function leave(open: OpenCall, arrived: Arrived, as: 'aborted' | 'cut'): void {
  if (arrived.isWhole()) open.succeed(arrived.call())
  else open.end(as, arrived.cut())
}
