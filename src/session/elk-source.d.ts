/** esbuild's text loader: the file's content. */
declare module 'elkjs/lib/elk-worker.min.js' {
  const source: string
  export default source
}
