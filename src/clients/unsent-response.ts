/**
 * Stands for the answer to a request that was not sent. Clients try again on whatever `fetch` throws, and wrap it; what
 * reading an answer throws they hand to the caller as it is. So this answer throws the reason as soon as it is looked at.
 */
export function unsentResponse(reason: Error): Response {
  return new Proxy(new Response(null), {
    get: (response, name) => {
      // Whoever awaits it asks first whether it is a promise.
      if (name === 'then') return undefined
      // Clients look for a body while what is thrown still counts as a failed connection.
      if (name === 'body') return null
      if (typeof name === 'symbol') return Reflect.get(response, name) as unknown
      throw reason
    },
  })
}
