/**
 * Shapes of credentials that services publish for secret scanning: OpenAI and Anthropic (`sk-…`), Google (`AIza…`),
 * xAI, Groq, Hugging Face, Replicate, GitHub, GitLab, Slack, Stripe, AWS access keys, JSON web tokens, PEM keys.
 */
const shapes = [
  /\bsk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{16,}/,
  /\bAIza[A-Za-z0-9_-]{30,}/,
  /\b(?:xai|gsk|hf|r8|pplx|fw|tgp|csk|nvapi)[-_][A-Za-z0-9]{20,}/,
  /\b(?:ghp|gho|ghu|ghs|ghr|glpat)[-_][A-Za-z0-9_-]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^Bearer\s+\S{16,}/i,
]

/** Whether a text holds something of the shape of a credential. */
export function looksLikeSecret(text: string): boolean {
  return text.length >= 15 && shapes.some((shape) => shape.test(text))
}
