"""Draws curves as SVG: both axes logarithmic, a grid line for each power of ten, names beside the curves."""
import math

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 34, 46
COLOURS = ("#0b57d0", "#8a8a8a", "#c2410c", "#15803d", "#7c3aed")


def short(value):
    """1000 as 1 k; powers of ten read well so."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g}"


def decades(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return (low, high) if low < high else (low, low + 1)


def text(x, y, what, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{what}</text>'


def apart(places, least=14):
    """The same heights, moved so that names do not lie on each other."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    for before, after in zip(order, order[1:]):
        places[after] = max(places[after], places[before] + least)
    return places


def draw(title, x_name, y_name, curves):
    """`curves`: name -> list of (x, low, middle, high), whose quartiles are drawn as a band."""
    points = [p for many in curves.values() for p in many]
    x_low, x_high = decades([p[0] for p in points])
    y_low, y_high = decades([y for p in points for y in p[1:]])

    def at_x(x):
        return LEFT + (math.log10(x) - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def at_y(y):
        return HEIGHT - BOTTOM - (math.log10(y) - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#333">', f"<title>{title}</title>",
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', text(LEFT, 20, title, "start", ' font-weight="bold"')]
    for power in range(x_low, x_high + 1):
        x = at_x(10 ** power)
        out += [f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>', text(x, HEIGHT - BOTTOM + 16, short(10 ** power))]
    for power in range(y_low, y_high + 1):
        y = at_y(10 ** power)
        out += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>', text(LEFT - 6, y + 4, short(10 ** power), "end")]
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_name))
    out.append(text(14, (TOP + HEIGHT - BOTTOM) / 2, y_name, more=f' transform="rotate(-90 14 {(TOP + HEIGHT - BOTTOM) / 2:.0f})"'))
    names = apart([at_y(many[-1][2]) for many in curves.values()])
    for (name, many), colour, name_y in zip(curves.items(), COLOURS, names):
        edge = [(p[0], p[3]) for p in many] + [(p[0], p[1]) for p in reversed(many)]
        band = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in edge)
        line = " ".join(f"{at_x(p[0]):.1f},{at_y(p[2]):.1f}" for p in many)
        out += [f'<polygon points="{band}" fill="{colour}" opacity="0.2"/>',
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>']
        out += [f'<circle cx="{at_x(p[0]):.1f}" cy="{at_y(p[2]):.1f}" r="3" fill="{colour}"/>' for p in many]
        out.append(text(at_x(many[-1][0]) + 8, name_y + 4, name, "start", f' fill="{colour}"'))
    return "\n".join([*out, "</svg>", ""])
