"""One neuron, as in the micrograd lecture: o = tanh(x1*w1 + x2*w2 + b)."""

from micrograd.engine import Value

x1 = Value(2.0)
x2 = Value(0.0)
w1 = Value(-3.0)
w2 = Value(1.0)
b = Value(6.8813735870195432)

n = x1 * w1 + x2 * w2 + b
o = n.tanh()
o.backward()

print(f"o = {o.data:.4f}")
for name, value in (("x1", x1), ("w1", w1), ("x2", x2), ("w2", w2), ("b", b)):
    print(f"do/d{name} = {value.grad:.4f}")
