"""An engine of one's own: other names, local derivatives stored as pairs, no topological sort."""


class Num:
    def __init__(self, v, parents=()):
        self.v = v
        self.parents = parents
        self.d = 0.0

    def __add__(self, other):
        return Num(self.v + other.v, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Num(self.v * other.v, ((self, other.v), (other, self.v)))

    def push(self, upstream=1.0):
        self.d += upstream
        for parent, slope in self.parents:
            parent.push(slope * upstream)


x = Num(3.0)
y = Num(-2.0)
z = x * y + x * x
z.push()
print(x.d, y.d)
