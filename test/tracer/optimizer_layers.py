import random


class Value:
    def __init__(self, data, _prev=()):
        self.data = data
        self.grad = 0
        self._backward = lambda: None
        self._prev = _prev

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1
        for v in reversed(order):
            v._backward()


class Neuron:
    def __init__(self, inputs):
        self.w = [Value(random.uniform(-1, 1) * inputs**-0.5) for _ in range(inputs)]
        self.b = Value(0)

    def __call__(self, x):
        return sum((w * v for w, v in zip(self.w, x)), self.b)

    def parameters(self):
        return self.w + [self.b]


class Layer:
    def __init__(self, inputs, outputs):
        self.neurons = [Neuron(inputs) for _ in range(outputs)]

    def __call__(self, x):
        return [n(x) for n in self.neurons]

    def parameters(self):
        return [p for n in self.neurons for p in n.parameters()]


class Momentum:
    def __init__(self, parameters, rate):
        self.parameters = parameters
        self.rate = rate
        for p in self.parameters:
            p.m = 0

    def step(self, mean):
        for p in self.parameters:
            p.m = 0.9 * p.m + 0.1 * p.grad
            p.data -= self.rate * p.m
        for p, a in zip(self.parameters, mean):
            a.data = a.data * 0.9 + p.data * 0.1

    def zero(self):
        for p in self.parameters:
            p.grad = 0


random.seed(0)
layer = Layer(2, 3)
averages = [Value(p.data) for p in layer.parameters()]
optimizer = Momentum(layer.parameters(), 0.1)
for step in range(2):
    outputs = layer([1.0, 2.0])
    loss = outputs[0] + outputs[1] * outputs[2]
    loss.backward()
    optimizer.step(averages)
    optimizer.zero()
    print(loss.data)
for p in layer.parameters():
    pass
