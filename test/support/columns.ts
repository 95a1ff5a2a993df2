/** A script whose columns are hard to get right: CRLF, tabs, several lines, characters outside the basic plane. */
export const columns = [
  'from micrograd.engine import Value',
  'a = Value(2.0)',
  'if True:',
  '\ts = "😀", a * a  # 😀',
  't = (a *',
  '     s[1] +',
  '     a)',
  'names = {"变量": Value(3.0), "😀🎉": a + 1}',
  'u = names["变量"] * names["😀🎉"]; w = (u + t).tanh()',
  'w.backward()',
  '',
].join('\r\n')
