"""Find the bug: y = a*b + a, so dy/da = b + 1 = 4. This engine says otherwise."""


class Value:
    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.rule = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def rule():
            self.grad += out.grad
            other.grad += out.grad

        out.rule = rule
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def rule():
            self.grad = other.data * out.grad
            other.grad = self.data * out.grad

        out.rule = rule
        return out

    def backward(self):
        order, seen = [], set()

        def visit(value):
            if value not in seen:
                seen.add(value)
                for child in value.children:
                    visit(child)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value.rule()


a = Value(2.0)
b = Value(3.0)
product = a * b
y = product + a
y.backward()

print(f"dy/da = {a.grad}, and should be 4.0")
