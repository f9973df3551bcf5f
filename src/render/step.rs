//! Which parts of a step are commands? They stand apart from the prose, so that they can be copied.

/// A part of a step.
pub(super) enum Piece<'a> {
    /// Words.
    Prose(&'a str),
    /// A command line, without its back quotes.
    Command(&'a str),
}

/// A step taken apart at its commands; it begins with prose, so that each command has a line to itself.
pub(super) fn pieces(step: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut prose = 0;
    let mut quotes = step.match_indices('`').map(|(at, _)| at);
    while let (Some(open), Some(close)) = (quotes.next(), quotes.next()) {
        let code = &step[open + 1..close];
        if is_command(code) {
            let before = step[prose..open].trim_matches(BETWEEN);
            pieces.push(Piece::Prose(if before.is_empty() && pieces.is_empty() { "run:" } else { before }));
            pieces.push(Piece::Command(code));
            prose = close + 1;
        }
    }
    pieces.push(Piece::Prose(step[prose..].trim_start_matches(BETWEEN)));
    pieces.retain(|piece| !matches!(piece, Piece::Prose("")));
    pieces
}

fn is_command(code: &str) -> bool {
    ["apigw-probe ", "aws ", "curl ", "dig ", "nft ", "openssl ", "ping "]
        .iter()
        .any(|program| code.starts_with(program))
}

/// What joins a command to the prose around it on one line, and is in the way on two.
const BETWEEN: [char; 4] = [' ', ',', ';', '.'];
