export const fileName = (path: string) => path.split(/[\\/]/).at(-1) || path

export const shorten = (text: string, length: number) =>
  text.length > length ? `${text.slice(0, Math.max(1, length - 1))}…` : text
