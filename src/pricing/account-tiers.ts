import type { CallRequest, RequestSource } from '../usage/requests/call-request.ts'
import { canonicalProvider } from './provider-names.ts'

/** Tiers whose choice a provider may have where a request leaves it open. */
export const openTiers = ['standard', 'flex', 'priority', 'fast'] as const
export type OpenTier = (typeof openTiers)[number]

/** By provider: the service tiers that the owner's account is served where a request leaves the tier to the provider. */
export type AccountTiers = Readonly<Record<string, readonly OpenTier[]>>

/**
 * A request served only in the tiers that its account is set to. A request that asks for a tier, or whose caller says which
 * are served, stays as it is: so what is known of the account never lowers the bound of what was asked for.
 */
export function asServed(request: CallRequest, source: RequestSource, accounts: AccountTiers): CallRequest {
  const [first, ...others] = request.serviceTiers
  const isOpen = first === '' && others.length > 0
  if (!isOpen || source.serviceTiers !== undefined) return request
  const account = Object.entries(accounts).find(([provider]) => canonicalProvider(provider) === canonicalProvider(request.provider))
  if (account === undefined) return request
  const served = new Set<string>(account[1].map((tier) => (tier === 'standard' ? '' : tier)))
  const serviceTiers = request.serviceTiers.filter((tier) => served.has(tier))
  return serviceTiers.length === 0 ? request : { ...request, serviceTiers }
}
