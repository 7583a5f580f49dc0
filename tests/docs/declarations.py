"""Reads what our headers declare: a small parser of C++ as it is written there, for check_reference.py.

It knows comments, strings, brackets, `template <...>`, `requires` and operators, and tells what a declaration is by its front.
`declarations_of(text)` is the whole interface.
"""
import dataclasses
import re

TOKEN = re.compile(r"""(?P<comment>//[^\n]*|/\*.*?\*/) | (?P<hash>^[ ]*\#(?:\\\n|[^\n])*) | (?P<blank>\s+)
  | R"\w*\(.*?\)\w*" | "(?:\\.|[^"\\\n])*" | \d(?:'?[\w.])* | '(?:\\.|[^'\\\n])+'
  | \w+ | \.\.\. | :: | -> | <=> | << | [-+*/%^|=!<>]= | && | \|\| | \+\+ | -- | .""", re.S | re.M | re.X)
OPENS, CLOSES = {"(", "[", "{"}, {")", "]", "}"}
LABELS = {"public", "private", "protected"}
NOT_SHOWN = {"inline", "constexpr", "consteval", "friend", "override", "final"}


@dataclasses.dataclass
class declaration:
    kind: str             # namespace, class, enum, value, function, variable, alias, concept, forward, using
    name: str             # with `of::` in front where it is defined outside of what it belongs to
    text: str = ""        # on one line, without attributes, constraints and body
    said: str = ""        # the docstring up to code or a tag, else the remark behind it
    access: str = "public"
    template: str = ""    # `template <class T>`, as far as a caller needs it
    parameters: str = ""  # a function's, without default arguments
    ending: str = ""      # `default`, `delete` or `0`
    is_friend: bool = False
    has_body: bool = False
    names: list = dataclasses.field(default_factory=list)   # of several variables
    bases: list = dataclasses.field(default_factory=list)   # the public ones
    inside: list = dataclasses.field(default_factory=list)  # members, values, or what is in a namespace


class token(str):
    """A piece of code, its line, whether a blank stands in front of it, and the lines of the docstring in front of that."""
    line, space, said = 0, False, ()


def read(text):
    """(the code as tokens, {line: the remark behind the code in it})."""
    tokens, remarks = [], {}
    line, space, said, remark = 1, False, [], None  # remark: (its line, its column, the line that it began in)
    for match in TOKEN.finditer(text):
        piece, kind = match[0], match.lastgroup
        column = match.start() - text.rfind("\n", 0, match.start())
        if kind == "blank":
            said = [] if piece.count("\n") > 1 else said
        elif piece.startswith("//") and tokens and tokens[-1].line == line:
            remarks[line], remark = piece.lstrip("/").strip(), (line, column, line)
        elif kind == "comment" and remark and remark[:2] == (line - 1, column):
            remarks[remark[2]] += " " + piece.lstrip("/").strip()
            remark = (line, column, remark[2])
        elif kind == "comment":
            said = [*said, piece[3:]] if piece.startswith("///") else said
        elif kind is None and tokens and is_open_operator(tokens[-1], piece):
            tokens[-1] = derived(tokens[-1] + (" " if space and re.match(r"\w", piece) else "") + piece, tokens[-1])
        elif kind is None:
            tokens.append(token(piece))
            tokens[-1].line, tokens[-1].space, tokens[-1].said = line + piece.count("\n"), space, said
            said = []
        space = kind is not None
        line += piece.count("\n")
    return tokens, remarks


def is_open_operator(name, piece):
    """Whether `piece` belongs to the name of the operator that `name` begins."""
    return name.startswith("operator") and not name[8:9].isalnum() and name[8:9] != "_" and (
        piece not in ("(", ";") or name == "operator") or name == "operator("


def derived(text, of):
    one = token(text)
    one.line, one.space, one.said = of.line, of.space, of.said
    return one


# ---- walking -------------------------------------------------------------------------------------

def behind_bracket(tokens, at):
    """The position behind the bracket that closes the one at `at`."""
    depth = 0
    for there in range(at, len(tokens)):
        depth += (tokens[there] in OPENS) - (tokens[there] in CLOSES)
        if depth == 0:
            return there + 1
    raise ValueError(f"line {tokens[at].line}: nothing closes this bracket")


def behind_angle(tokens, at):
    """The position behind the `>` that closes the `<` at `at`."""
    depth, there = 0, at
    while there < len(tokens):
        depth += {"<": 1, ">": -1}.get(tokens[there], 0)
        there = behind_bracket(tokens, there) if tokens[there] in OPENS else there + 1
        if depth == 0:
            return there
    raise ValueError(f"line {tokens[at].line}: nothing closes this <")


def behind_requirement(tokens, at):
    """The position behind the `requires ...` at `at`, a clause or an expression: terms between `&&` and `||`."""
    while True:
        at += 1
        if tokens[at] == "requires":  # an expression within a clause
            at += 1
        if tokens[at] == "(":
            at = behind_bracket(tokens, at)
            if at < len(tokens) and tokens[at] == "{" and tokens[at - 1] == ")" and is_expression(tokens, at):
                at = behind_bracket(tokens, at)
        elif tokens[at] == "{":
            at = behind_bracket(tokens, at)
        else:
            while True:  # a::b<c>::d
                at += 1
                at = behind_angle(tokens, at) if at < len(tokens) and tokens[at] == "<" else at
                if at >= len(tokens) or tokens[at] != "::":
                    break
                at += 1
        if at >= len(tokens) or tokens[at] not in ("&&", "||"):
            return at


def is_expression(tokens, at):
    """Whether the `{` at `at` is that of a `requires (...) {`, not a function's body behind a clause: it holds requirements."""
    depth, there = 0, at - 1
    while True:
        depth += (tokens[there] in CLOSES) - (tokens[there] in OPENS)
        if depth == 0:
            return tokens[there - 1] == "requires" and (tokens[there - 2] in ("requires", "&&", "||", "=", "(") or tokens[there].space)
        there -= 1


def split(tokens, by):
    """`tokens` at each `by` outside of brackets and angles."""
    parts, at, begin = [], 0, 0
    while at < len(tokens):
        if tokens[at] in OPENS:
            at = behind_bracket(tokens, at)
        elif tokens[at] == "<" and not tokens[at].space:
            at = behind_angle(tokens, at)
        elif tokens[at] == by:
            parts.append(tokens[begin:at])
            at = begin = at + 1
        else:
            at += 1
    return [*parts, tokens[begin:]]


def written(tokens):
    """As one line."""
    out, before = "", None
    for one in tokens:
        tight = before is None or before in ("(", "[") or (before == "<" and not before.space) or one in (")", ",", ";")
        out += (" " if one.space and not tight else "") + one
        before = one
    return out


def pieces_of(tokens):
    """(head, body or None, the position of its last token) of each declaration; the head of a label is its word alone."""
    at = 0
    while at < len(tokens):
        if tokens[at] in LABELS and tokens[at + 1] == ":":
            yield tokens[at:at + 1], None, at
            at += 2
            continue
        head, body, assigned = [], None, False
        while body is None and tokens[at] != ";":
            here, there = tokens[at], at + 1
            if here == "template":
                there = behind_angle(tokens, at + 1)
            elif here == "requires":
                there = behind_requirement(tokens, at)
            elif here == "{":
                there = behind_bracket(tokens, at)
                after = tokens[there] if there < len(tokens) else ""
                scope = None if assigned else scope_of(head)
                if scope or (not assigned and after not in (";", ",", "{")):
                    body = tokens[at + 1:there - 1]
                    at = there - 1 if scope in (None, "namespace") else there
                    continue
            elif here in OPENS:
                there = behind_bracket(tokens, at)
            assigned = assigned or here == "="
            head, at = head + tokens[at:there], there
        yield head, body, at
        at += 1


# ---- what a head says ----------------------------------------------------------------------------

def without(head):
    """`head` without attributes, alignment, constraints, conditions of noexcept, and words that are nothing to a caller."""
    out, at = [], 0
    while at < len(head):
        following = head[at + 1] if at + 1 < len(head) else ""
        if (head[at] == "[" and following == "[") or head[at] == "alignas":
            at = behind_bracket(head, at + (head[at] == "alignas"))
        elif head[at] == "noexcept" and following == "(":
            at = behind_bracket(head, at + 1)
        elif head[at] == "requires":
            at = behind_requirement(head, at)
        else:
            out += [head[at]] if head[at] not in NOT_SHOWN else []
            at += 1
    return out


def templates_of(head):
    """(the parameters of each `template <...>` in front, what stands behind them)."""
    found, at = [], 0
    while at < len(head) and head[at] == "template":
        end = behind_angle(head, at + 1)
        found.append(head[at + 2:end - 1])
        at = behind_requirement(head, end) if head[end] == "requires" else end
    return found, head[at:]


def scope_of(head):
    """`namespace`, `class` or `enum`, if `head` is the front of one."""
    head = without(templates_of(head)[1])
    if head and head[0] in ("class", "struct", "union"):
        return "class" if parameters_at(split(head, ":")[0]) is None else None
    return str(head[0]) if head and head[0] in ("namespace", "enum") else None


def parameters_at(head):
    """Where the bracket of a function's parameters is, or None."""
    at = 0
    while at < len(head) and head[at] not in ("=", "{"):
        if head[at] == "(" and at > 0 and re.match(r"\w", head[at - 1]) and head[at - 1] not in ("explicit", "decltype") and head[at + 1] != "*":
            return at
        if head[at] in OPENS:
            at = behind_bracket(head, at)
        elif head[at] == "<":
            at = behind_angle(head, at)
        else:
            at += 1
    return None


def name_before(head, end):
    """The name that ends in front of `end`, with what stands before its `::`."""
    name, at = str(head[end - 1]), end - 2
    if at >= 0 and head[at] == "~":
        name, at = "~" + name, at - 1
    while at > 0 and head[at] == "::":
        at -= 1
        if head[at] == ">":
            depth = 0
            while depth or head[at] == ">":
                depth += (head[at] == ">") - (head[at] == "<")
                at -= 1
        name = f"{head[at]}::{name}"
        at -= 1
    return name


def template_for(parameters, used):
    """(`template <...>` as far as it is a caller's business, {what is not: its default}).

    `used` are the words from which the compiler deduces. A parameter that cannot be deduced and that none follows which can has its
    default, as those have that are there so that code is compiled only where it is used."""
    kept, defaults, is_chosen = [], {}, False
    for each in reversed(split(parameters, ",")):
        front, *default = split(each, "=")
        name = str(front[-1]) if len(front) > 1 and re.match(r"\w", front[-1]) else ""
        default = written(default[0]) if default else ""
        if name in used:
            kept.insert(0, written(front))
            is_chosen = True
        elif name and (is_chosen or not default or len(default) > 24):
            kept.insert(0, written(each))
        else:
            defaults[name] = default
    return (f"template <{', '.join(kept)}>" if kept else ""), defaults


def function_in(templates, head, at):
    end = behind_bracket(head, at)
    one = declaration("function", name_before(head, at))
    tail = split(head[end:], ":")[0]
    if "=" in tail:
        one.ending = str(tail[-1])
        tail = tail[:tail.index("=")] if one.ending == "default" else tail
    one.parameters = ", ".join(written(split(each, "=")[0]) for each in split(head[at + 1:end - 1], ","))
    one.text = written([*head[:end], *tail]) + ";"
    one.text = re.sub(r"^((?:virtual |static )*)(?:class|struct) ", r"\1", one.text)  # what a type is that is named here first
    if templates:
        one.template, defaults = template_for(templates[-1], {str(each) for each in head[at:end]})
        for name, default in defaults.items():
            one.text = re.sub(rf"\b{name}\b", default, one.text) if name else one.text
    return one


def class_in(templates, head, body, remarks):
    front, *bases = split(head, ":")
    special = front.index("<") if front[-1] == ">" else len(front)
    is_open = front[0] != "class"
    one = declaration("class", name_before(front, special) + written(front[special:]), str(front[0]) if len(front) > 1 else "")
    if templates:
        named = [each for each in split(templates[-1], ",") if special < len(front) or re.match(r"\w", split(each, "=")[0][-1])
                 and len(split(each, "=")[0]) > 1]
        one.template = f"template <{', '.join(written(each) for each in named)}>" if named or special < len(front) else ""
    for base in split(bases[0], ",") if bases else []:
        if base[0] == "public" or (is_open and base[0] not in LABELS):
            one.bases.append(written([each for each in base if each not in ("public", "virtual")]))
    one.inside = declared_in(body, remarks, "public" if is_open else "private")
    return one


def variable_in(head, is_constant):
    names = []
    for each in split(head, ","):
        front = split(each, "=")[0]
        front = front[:front.index("{")] if "{" in front else front
        while front and front[-1] == "]":
            front = front[:len(front) - 1 - front[::-1].index("[")]
        pointer = re.search(r"\(\*(?:const )?(\w+)\)", written(front))  # to a function
        if not pointer and (not front or not re.match(r"\w", front[-1])):
            return None
        names.append(pointer[1] if pointer else name_before(front, len(front)))
    text = written(head) + ";"
    if is_constant:
        text = f"static constexpr {text[7:]}" if text.startswith("static ") else f"constexpr {text}"
    return declaration("variable", names[0], text, names=names)


def declared_by(head, body, remarks):
    """What `head` and `body` declare, or None: nothing that has a name."""
    kind = scope_of(head) if body is not None else None
    is_constant, is_friend = "constexpr" in head, "friend" in head
    templates, whole = templates_of(head)
    head, one = without(whole), None
    if not head or head[0] in ("static_assert", "extern", "typedef"):
        return None
    if kind == "namespace":
        return declaration("namespace", written(head[1:]), inside=declared_in(body, remarks, "public"))
    if kind == "enum":
        front = split(head, ":")[0]
        return declaration("enum", str(front[-1]) if len(front) > 1 else "", written(head), inside=values_in(body, remarks))
    if kind == "class":
        return class_in(templates, head, body, remarks)
    if head[0] == "using":
        one = declaration("alias" if "=" in head else "using", str(head[1]) if "=" in head else written(head[1:]), written(head) + ";")
    elif head[0] == "concept":
        one = declaration("concept", str(head[1]), written(whole) + ";")
    elif parameters_at(head) is not None:
        one = function_in(templates, head, parameters_at(head))
    elif head[0] in ("class", "struct", "union", "enum"):
        one = declaration("forward", name_before(head, len(head)), written(head) + ";")
    else:
        one = variable_in(head, is_constant)
    if one and templates and not one.template and one.kind != "function":
        one.template = f"template <{written(templates[0])}>"
    if one:
        one.is_friend, one.has_body = is_friend, body is not None
        one.text = f"friend {one.text}" if is_friend else one.text
    return one


def values_in(body, remarks):
    found, at = [], 0
    for each in split(body, ","):
        if each:
            found.append(declaration("value", str(each[0]), written(each), prose(each[0].said)))
            last = body[at + len(each)] if at + len(each) < len(body) else each[-1]
            found[-1].said = found[-1].said or remarks.get(last.line, "")
        at += len(each) + 1
    # A remark behind a line of several values is about none of them.
    for one, other in zip(found, found[1:]):
        if one.said and one.said == other.said:
            one.said = other.said = ""
    return found


def prose(lines):
    """The lines of a docstring in front of code, an empty line or a tag, as one."""
    until = next((at for at, line in enumerate(lines) if re.match(r"\s*$|\s*@| {4}", line)), len(lines))
    return " ".join(line.strip() for line in lines[:until])


def declared_in(tokens, remarks, access):
    found = []
    for head, body, last in pieces_of(tokens):
        if len(head) == 1 and head[0] in LABELS:
            access = str(head[0])
        elif head and (one := declared_by(head, body, remarks)):
            one.access, one.said = access, prose(head[0].said)
            # Behind the code of a constructor, a remark is about that.
            is_made = one.has_body and re.match(rf"(?:explicit )?{re.escape(one.name)}\(", one.text) and "operator" not in one.name
            if not one.said and one.kind not in ("class", "enum") and not is_made:
                one.said = remarks.get(tokens[last].line, "")
            found.append(one)
    return found


def declarations_of(text):
    """What a header declares at the scope of the file, in its order."""
    tokens, remarks = read(text)
    return declared_in(tokens, remarks, "public")
