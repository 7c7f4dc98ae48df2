"""Formulas, really typeset: what is drawn, what is shown as its source, and what a bomb costs."""

from __future__ import annotations

import re

import pytest

from desktop.ui.transcript.formulas.latex import split_tag
from desktop.ui.transcript.formulas.typeset import MAX_CHARS, typeset

SETTABLE = r"""
\dfrac{a}{b}+\tfrac{1}{2}+\cfrac{1}{1+\cfrac{1}{2}}
\binom{n}{k}+\dbinom nk+{n \choose k}+{a \over b}
\sum_{i=1}^n i^2=\frac{n(n+1)(2n+1)}{6}
\int_{-\infty}^\infty e^{-x^2}\,dx=\sqrt{\pi}\quad\iint_D\iiint_V\oint_C
\lim_{x\to0}\frac{\sin x}{x}\limsup_n\varlimsup_n\varinjlim\operatornamewithlimits{argmin}_x
\begin{pmatrix}a&b\\c&d\end{pmatrix}^{-1}
\begin{bmatrix}a_{11}&\cdots\\\vdots&\ddots\end{bmatrix}\begin{vmatrix}a\end{vmatrix}\begin{Bmatrix}a\end{Bmatrix}
\left(\begin{smallmatrix}a&b\\c&d\end{smallmatrix}\right)
\begin{align*}a&=b+c\\&=d\end{align*}
\begin{gather}a=b\\c=d\end{gather}
\begin{equation}\label{e}\begin{split}a&=b\\&=c\end{split}\end{equation}
\begin{multlined}a\\b\end{multlined}
\begin{eqnarray*}a&=&b\end{eqnarray*}\begin{alignat}{2}a&=b&c&=d\end{alignat}
f(x)=\begin{cases}x^2&\text{if }x>0\\0&\text{otherwise}\end{cases}
\left[\begin{array}{cc|c}1&2&3\\\hline4&5&6\end{array}\right]
\text{hello $y$}\textbf{bold}\texttt{tt}
\hat x\bar x\vec v\dot x\ddot x\tilde x\widehat{xyz}\overline{AB}\overrightarrow{AB}\mathring a\underbar{x}
\mathbb{R}\mathcal{L}\mathfrak{g}\mathscr{F}\mathbf{v}\boldsymbol{\alpha}\bm{x}\R\N\varGamma
\operatorname*{arg\,max}_{x}\DeclareMathOperator{\tr}{tr}\tr A
\underbrace{a+b}_{n}\overbrace{c+d}^{m}\overset{!}{=}\stackrel{def}{=}
\left.\frac{df}{dx}\right|_{x=0}\left\{x\middle|y\right\}\bigl(\Bigg\lvert x\Bigg\rvert\bigr)
a=b\tag{1}
{\color{blue}x}+\textcolor{#ff0000}{z}+\boxed{E=mc^2}+\colorbox{yellow}{x}
\cancel{x}\bcancel{y}\cancelto{0}{x}
\ce{2H2 + O2 -> 2H2O}\SI{9.8}{m/s^2}\qty{3}{\kg}
\xrightarrow[\Delta]{\text{heat}}\sum_{\substack{i<n\\j<m}}\not=\not\in
f'(x)+f''+x'^2\sum\limits_i\displaystyle\int\limits_0^1
\newcommand{\K}{\mathbb{K}}\K^n\def\foo{x}\foo
\newcommand{\R}{\mathbf{r}}\R
a\quad b\hspace{1cm}c\,d\!e\phantom{x}\smash{x}
α ≤ β ∑ ∞ ≠ → ℝ ∈ ∀ √2 × ± ∂ ∇ x² a₁
|\psi\rangle\ket{\psi}\braket{a|b}\norm{x}\abs{x}\pdv{f}{x}
\root 3 \of x
x^a^b
\left[\begin{array}{cc:c}1&2&3\end{array}\right]
\left( x
a\\b
\\frac{a}{b}
\mathrm{Softmax}(QK^\top/\sqrt{d_k})\coloneqq\|x\|\lVert x\rVert
""".strip().split("\n")

NOT_SETTABLE = (
    "",
    " ",
    "x_",
    r"\frac{a}",
    "{x",
    "x}",
    r"\begin{pmatrix}a",
    r"\begin{foo}a\end{foo}",
    r"\end{x}",
    r"\unknown{x}",
    r"\includegraphics{a.png}",
    r"\text{עברית}",
    "{" * 100 + "x" + "}" * 100,
)

BOMBS = (
    "x+" * 50_000,
    r"\frac{" * 60 + "x" + "}{y}" * 60,
    r"\def\x{\x\x}\x",
    r"\def\x{\x " + "x" * 500 + r"}\x",
    r"\def\a{" + "x" * 2000 + "}" + r"\a" * 300,
    r"\def\a{xxxxxxxxxx}\def\b{\a\a\a\a\a\a\a\a\a}\def\c{\b\b\b\b\b\b\b\b\b}\c\c\c\c\c\c",
    r"\newcommand{\a}[1]{#1#1#1#1#1#1#1#1#1#1}\a{\a{\a{\a{\a{\a{x}}}}}}",
    r"\def\a{x}\let\b\a\b",
    r"\rule{100000em}{1em}",
    r"\rule{1em}{100000em}",
    r"\hspace{1e9em}x",
    r"\left(\rule{1em}{1000000000em}\right)",
    "&" * 2499,
    "中 " * 1000,
)


@pytest.mark.parametrize("source", SETTABLE)
def test_what_models_write_is_set(source: str) -> None:
    formula = typeset(source, display=True)
    assert formula is not None
    assert formula.width > 0
    assert formula.ascent + formula.descent > 0
    # No picture of an error, and nothing of the typesetter's notes is left.
    assert "#c0392b" not in formula.svg
    assert "metadata" not in formula.svg


@pytest.mark.parametrize("source", NOT_SETTABLE)
def test_what_would_be_drawn_wrong_is_shown_as_its_source(source: str) -> None:
    assert typeset(source, display=True) is None


@pytest.mark.parametrize("source", BOMBS, ids=lambda source: source[:20])
def test_a_bomb_is_no_picture(source: str) -> None:
    assert typeset(source, display=False) is None


def test_long_formulas_are_set() -> None:
    lines = r"\\".join(rf"x_{{{n}}} &= \frac{{a_{n}}}{{b}} + \sqrt{{y}}" for n in range(50))
    source = rf"\begin{{aligned}}{lines}\end{{aligned}}"
    assert len(source) <= MAX_CHARS
    assert typeset(source, display=True) is not None


def test_the_baseline_is_told() -> None:
    letter = typeset("x", display=False)
    fraction = typeset(r"\frac{a}{b}", display=False)
    assert letter is not None
    assert fraction is not None
    assert letter.descent < 0.05
    assert letter.ascent < 0.5
    assert fraction.descent > 0.3
    assert fraction.ascent > fraction.descent
    displayed = typeset(r"\frac{a}{b}", display=True)
    assert displayed is not None
    assert displayed.ascent > fraction.ascent


def test_setting_again_costs_nothing() -> None:
    assert typeset("a+b", display=False) is typeset("a+b", display=False)


def test_chinese_is_text_in_its_place() -> None:
    formula = typeset(r"速度=\frac{距离}{时间}", display=True, language="zh_CN")
    assert formula is not None
    assert [text.text for text in formula.texts] == ["速度", "距离", "时间"]
    speed, way, time = formula.texts
    assert speed.x == 0
    assert speed.baseline == pytest.approx(formula.ascent)
    assert way.baseline < speed.baseline < time.baseline
    assert way.x == time.x > speed.x + 2 * speed.size
    # What is exported has the letters themselves, and no box or stand-in.
    assert re.findall(r">([^<>]+)</text>", formula.svg) == ["速度", "距离", "时间"]
    assert "Ⓐ" not in formula.svg + formula.speech
    assert formula.svg.count("<use") == 1  # the equals sign


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        (r"\text{如果 } x>0", ["如果"]),
        (r"x_{最大}", ["最大"]),
        ("x_最大", ["最", "大"]),
        (r"\frac中文", ["中", "文"]),
        (r"\operatorname{最大}_x", ["最大"]),
        (r"\ce{C ->[加热] D}", ["加热"]),
        (r"\xrightarrow{加热}\underbrace{a}_{\text{共 $n$ 项}}", ["加热", "共", "项"]),
        (r"\begin{cases}1&\text{若 }x\text{ 为奇数}\\0&\text{其他}\end{cases}", ["若", "为奇数", "其他"]),
        (r"x\in A，y>0。", ["，", "。"]),
        (r"\text{日本語, 한국어 😀}", ["日本語", "한국어", "😀"]),
        (r"\sqrt[三]{二}", ["二", "三"]),
        (r"\text{甲}Ⓐ", ["甲"]),
    ],
)
def test_chinese_stands_anywhere(source: str, texts: list[str]) -> None:
    formula = typeset(source, display=True)
    assert formula is not None
    assert sorted(text.text for text in formula.texts) == sorted(texts)


def test_chinese_has_the_size_and_colour_of_its_place() -> None:
    formula = typeset(r"\textcolor{red}{红}_{小}", display=True)
    assert formula is not None
    red, small = formula.texts
    assert red.colour == "red"
    assert small.size < red.size
    assert small.baseline > red.baseline


def test_speech_is_in_the_readers_language() -> None:
    english = typeset(r"\frac{3}{4}", display=False)
    chinese = typeset(r"\frac{3}{4}", display=False, language="zh_CN")
    assert english is not None
    assert chinese is not None
    assert english.speech == "3 over 4"
    assert chinese.speech == "4 分之 3"


def test_a_tag_is_told_apart() -> None:
    assert split_tag(r"a=b\tag{1}") == ("a=b", "(1)")
    assert split_tag(r"a=b \tag*{A}") == ("a=b ", "A")
    assert split_tag("a=b") == ("a=b", "")
    both = r"\begin{align}a\tag{1}\\b\tag{2}\end{align}"
    assert split_tag(both) == (both, "")


@pytest.mark.parametrize("rows", [r"1&2", r"1&2\\3&4", r"1&2\\\hline3&\frac12\\5&6"])
def test_the_bar_of_an_array_is_as_high_as_the_array(rows: str) -> None:
    formula = typeset(rf"\begin{{array}}{{c|c}}{rows}\end{{array}}", display=True)
    assert formula is not None
    (bar,) = re.findall(r'y="([-\d.]+)" width="40" height="([\d.]+)"', formula.svg)
    assert float(bar[0]) == pytest.approx(-1000 * formula.descent, abs=2)
    assert float(bar[1]) == pytest.approx(1000 * (formula.ascent + formula.descent), abs=2)


def test_colour_with_an_argument_colours_that() -> None:
    formula = typeset(r"\color{blue}{x}+y", display=True)
    assert formula is not None
    assert formula.svg.count('fill="blue"') == 1
