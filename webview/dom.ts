/** The little that is needed to build DOM without a framework and without markup in strings. */

type Attribute = string | number | boolean | null | undefined | ((event: never) => void)
type Child = Node | string | null | undefined | false

/**
 * An element. `text` and `class` are short for what they say; functions become listeners of the event they are
 * named after; `false`, null and undefined leave an attribute out. Styles are set through classes or CSSOM only: the
 * page's policy forbids style attributes.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children)
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

export function math(tag: string, attributes: Record<string, Attribute> = {}, ...children: Child[]): Element {
  return fill(document.createElementNS('http://www.w3.org/1998/Math/MathML', tag), attributes, children)
}

function fill<E extends Element>(element: E, attributes: Record<string, Attribute>, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value as (event: Event) => void)
    else if (name === 'text') element.textContent = String(value)
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child)
  return element
}

/** `aria-expanded` and the like want the words. */
export function setAria(element: Element, name: string, value: boolean | number | string): void {
  element.setAttribute(`aria-${name}`, String(value))
}

/** What an owner must give back; anything pushed after the end is given back at once. */
export class Disposables {
  private readonly items: (() => void)[] = []
  private disposed = false

  push(...items: (() => void)[]): void {
    for (const item of items) {
      if (this.disposed) item()
      else this.items.push(item)
    }
  }

  listen<E extends Event>(target: EventTarget, name: string, listener: (event: E) => void, passive = false): void {
    target.addEventListener(name, listener as EventListener, { passive })
    this.push(() => target.removeEventListener(name, listener as EventListener))
  }

  dispose(): void {
    this.disposed = true
    for (const item of this.items.splice(0).reverse()) item()
  }
}

/** Two keyboards, one wish: Ctrl, or ⌘ on a Mac. */
export const commandKey = (event: KeyboardEvent | MouseEvent) => event.ctrlKey || event.metaKey

/** Whether keys typed here are text, or belong to the control that has the focus. */
export function takesText(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
}
