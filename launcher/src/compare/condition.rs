//! `--fail-if`: a condition on the figures of arms.
//!
//! ```text
//! condition  = and { "||" and }             and   = comparison { "&&" comparison }
//! comparison = sum ( < | <= | > | >= ) sum  |  "(" condition ")"
//! sum        = product { (+ | -) product }  product = factor { (* | /) factor }
//! factor     = number | ARM.FIGURE | "(" sum ")" | - factor
//! ```

use anyhow::{Result, anyhow, bail, ensure};

/// A condition, read and checked.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    root: Logic,
}

#[derive(Clone, Debug)]
enum Logic {
    And(Box<Logic>, Box<Logic>),
    Or(Box<Logic>, Box<Logic>),
    Compare(Sum, Order, Sum),
}

#[derive(Clone, Debug)]
enum Sum {
    Number(f64),
    Figure(String, String),
    Binary(Box<Sum>, char, Box<Sum>),
    Minus(Box<Sum>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

impl Condition {
    /// Reads a condition. `known` says whether an arm and its figure exist: an error in words if not.
    pub fn parse(text: &str, known: &dyn Fn(&str, &str) -> Result<()>) -> Result<Condition> {
        let mut parser = Parser { text, at: 0, known };
        let root = parser.condition().and_then(|root| {
            parser.space();
            ensure!(parser.at == text.len(), "{:?} is left over", &text[parser.at..]);
            Ok(root)
        });
        match root {
            Ok(root) => Ok(Condition { text: text.to_owned(), root }),
            Err(error) => bail!("--fail-if {text:?}: {error}. An example: 'split.fps < 0.9*direct.fps'"),
        }
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds. `figure` gives the figure of an arm; an error names one that was not measured.
    pub fn holds(&self, figure: &dyn Fn(&str, &str) -> Option<f64>) -> Result<bool> {
        self.root.holds(figure)
    }
}

type Look<'a> = &'a dyn Fn(&str, &str) -> Option<f64>;

impl Logic {
    fn holds(&self, figure: Look) -> Result<bool> {
        Ok(match self {
            // Both are looked at, so that a figure that is missing is always told.
            Logic::And(a, b) => a.holds(figure)? & b.holds(figure)?,
            Logic::Or(a, b) => a.holds(figure)? | b.holds(figure)?,
            Logic::Compare(a, order, b) => {
                let (a, b) = (a.value(figure)?, b.value(figure)?);
                match order {
                    Order::Less => a < b,
                    Order::LessOrEqual => a <= b,
                    Order::More => a > b,
                    Order::MoreOrEqual => a >= b,
                }
            }
        })
    }
}

impl Sum {
    fn value(&self, figure: Look) -> Result<f64> {
        Ok(match self {
            Sum::Number(number) => *number,
            Sum::Figure(arm, name) => {
                figure(arm, name).ok_or_else(|| anyhow!("{arm}.{name} was not measured"))?
            }
            Sum::Minus(sum) => -sum.value(figure)?,
            Sum::Binary(a, operator, b) => {
                let (a, b) = (a.value(figure)?, b.value(figure)?);
                match operator {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                }
            }
        })
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    known: &'a dyn Fn(&str, &str) -> Result<()>,
}

/// Parentheses of a condition: what each opens is tried both ways.
const PARENTHESES: usize = 12;

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(token);
        self.at += if there { token.len() } else { 0 };
        there
    }

    fn one_of(&mut self, tokens: &[char]) -> Option<char> {
        self.space();
        let found = self.rest().chars().next().filter(|next| tokens.contains(next))?;
        self.at += found.len_utf8();
        Some(found)
    }

    fn condition(&mut self) -> Result<Logic> {
        ensure!(self.text.matches('(').count() <= PARENTHESES, "it has more than {PARENTHESES} parentheses");
        let mut left = self.and()?;
        while self.takes("||") {
            left = Logic::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Logic> {
        let mut left = self.comparison()?;
        while self.takes("&&") {
            left = Logic::And(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Logic> {
        let start = self.at;
        // A parenthesis opens a condition or a sum: which, shows at its end.
        if self.takes("(")
            && let Ok(inner) = self.condition()
            && self.takes(")")
        {
            return Ok(inner);
        }
        self.at = start;
        let left = self.sum()?;
        let orders =
            [("<=", Order::LessOrEqual), (">=", Order::MoreOrEqual), ("<", Order::Less), (">", Order::More)];
        let order = orders.iter().find(|(token, _)| self.takes(token)).map(|(_, order)| *order);
        let order = order.ok_or_else(|| self.expected("<, <=, > or >="))?;
        Ok(Logic::Compare(left, order, self.sum()?))
    }

    fn sum(&mut self) -> Result<Sum> {
        let mut left = self.product()?;
        while let Some(operator) = self.one_of(&['+', '-']) {
            left = Sum::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Sum> {
        let mut left = self.factor()?;
        while let Some(operator) = self.one_of(&['*', '/']) {
            left = Sum::Binary(Box::new(left), operator, Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Sum> {
        if self.takes("(") {
            let inner = self.sum()?;
            ensure!(self.takes(")"), self.expected("a )"));
            return Ok(inner);
        }
        if self.takes("-") {
            return Ok(Sum::Minus(Box::new(self.factor()?)));
        }
        self.space();
        let of = |what: fn(char) -> bool| self.rest().find(|next| !what(next)).unwrap_or(self.rest().len());
        let digits = of(|next| next.is_ascii_digit() || next == '.');
        if digits > 0 {
            let number = &self.rest()[..digits];
            let value = number.parse().map_err(|_| anyhow!("{number:?} is no number"))?;
            self.at += digits;
            return Ok(Sum::Number(value));
        }
        let length = of(|next| next.is_ascii_alphanumeric() || next == '_' || next == '.');
        let Some((arm, name)) = self.rest()[..length].split_once('.') else {
            bail!(self.expected("a number or ARM.FIGURE, such as split.fps"));
        };
        (self.known)(arm, name)?;
        let figure = Sum::Figure(arm.to_owned(), name.to_owned());
        self.at += length;
        Ok(figure)
    }

    fn expected(&self, what: &str) -> anyhow::Error {
        match self.rest().trim_start() {
            "" => anyhow!("it ends where {what} is expected"),
            rest => anyhow!("{what} is expected at {rest:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(arm: &str, name: &str) -> Result<()> {
        ensure!(["split", "direct"].contains(&arm), "there is no arm {arm:?}");
        ensure!(["fps", "p99"].contains(&name), "there is no figure {name:?}");
        Ok(())
    }

    fn figure(arm: &str, name: &str) -> Option<f64> {
        match (arm, name) {
            ("split", "fps") => Some(80.0),
            ("direct", "fps") => Some(100.0),
            ("split", "p99") => Some(12.5),
            _ => None,
        }
    }

    #[test]
    fn conditions_hold_or_not() {
        for (text, holds) in [
            ("split.fps < 0.9*direct.fps", true),
            ("split.fps<0.8*direct.fps", false),
            ("split.fps <= 0.8 * direct.fps", true),
            ("split.p99 > 10 + 2 * 2", false),
            ("(split.p99 > 16 || split.fps < 90) && direct.fps >= 100", true),
            ("(split.fps + direct.fps) / 2 > 89.9", true),
            ("-split.fps < -(1+2)", true),
            ("1 - 1 - 1 < 0", true),
            ("((split.fps)) < ((90))", true),
        ] {
            let condition = Condition::parse(text, &known).expect(text);
            assert_eq!(condition.holds(&figure).expect(text), holds, "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, wanted) in [
            ("splat.fps < 1", "there is no arm \"splat\""),
            ("split.speed < 1", "there is no figure \"speed\""),
            ("split.fps", "it ends where <, <=, > or >= is expected"),
            ("split.fps < ", "it ends where a number or ARM.FIGURE"),
            ("fps < 3", "a number or ARM.FIGURE, such as split.fps is expected at \"fps < 3\""),
            ("split.fps == 3", "<, <=, > or >= is expected at \"== 3\""),
            ("split.fps < 3 4", "\"4\" is left over"),
            ("split.fps < 1.2.3", "\"1.2.3\" is no number"),
            ("(split.fps < 1", "is expected"),
            ("", "it ends where"),
            ("\u{1f600} < 1", "is expected at"),
        ] {
            let error = Condition::parse(text, &known).expect_err(text).to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        assert!(Condition::parse(&"(".repeat(100_000), &known).is_err());
    }

    #[test]
    fn a_figure_that_was_not_measured_is_an_error() {
        let condition = Condition::parse("1 > 2 && direct.p99 > 1", &known).expect("a condition");
        let error = condition.holds(&figure).expect_err("no figure").to_string();
        assert_eq!(error, "direct.p99 was not measured");
    }
}
