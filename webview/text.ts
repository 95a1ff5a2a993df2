export const fileName = (path: string) => path.split(/[\\/]/).at(-1) || path

export const shorten = (text: string, length: number) =>
  text.length > length ? `${text.slice(0, Math.max(1, length - 1))}…` : text

/** The two sides of `∂o/∂n`; ['', name] where it is not of that form. */
export function sidesOf(gradientName: string): [string, string] {
  const at = gradientName.indexOf('/∂')
  return at < 0 || !gradientName.startsWith('∂')
    ? ['', gradientName]
    : [gradientName.slice(1, at), gradientName.slice(at + 2)]
}

/** A name or a path of one (`layers[0].w`), not an expression that needs parentheses after ∂. */
export const isName = (text: string) => /^[\p{L}\p{N}_.[\]]+$/u.test(text)

/** `∂o/∂(x1 * w1)` */
export function gradientText(gradientName: string): string {
  const [root, node] = sidesOf(gradientName)
  const side = (text: string) => (isName(text) ? `∂${text}` : `∂(${text})`)
  return root === '' ? node : `${side(root)}/${side(node)}`
}
