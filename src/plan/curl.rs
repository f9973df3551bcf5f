//! How does a person repeat the call? The plan as one curl command line that behaves as the probe does.

use super::{HeaderText, Plan};
use std::fmt::Write as _;
use std::net::IpAddr;

impl Plan {
    /// The curl command line of this plan. Secrets are not in it: curl reads the same header file, and the shell the variables
    /// that AWS's own tools read.
    pub fn curl(&self) -> String {
        let mut line = "curl -i --http1.1 --noproxy '*'".to_owned();
        if let Some(region) = &self.signed_for {
            push(&mut line, "--aws-sigv4", &format!("aws:amz:{region}:execute-api"));
            // the shell puts the caller's own in; without a token there must be no such header, which curl would sign and not send
            line.push_str(r#" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY""#);
            line.push_str(r#" ${AWS_SESSION_TOKEN:+-H"x-amz-security-token: $AWS_SESSION_TOKEN"}"#);
        }
        if self.path_and_query.contains("/.") {
            line.push_str(" --path-as-is");
        }
        if self.path_and_query.contains(['[', ']', '{', '}']) {
            line.push_str(" --globoff");
        }
        match self.method.as_str() {
            "GET" => {}
            "HEAD" => line.push_str(" --head"),
            other => push(&mut line, "-X", other),
        }
        let address = match self.connect_to {
            Some(IpAddr::V4(ip)) => ip.to_string(),
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            None => String::new(),
        };
        if self.port != 443 || self.connect_to.is_some() {
            push(&mut line, "--connect-to", &format!("::{address}:{}", self.port));
        }
        if let Some(file) = &self.ca_file {
            push(&mut line, "--cacert", &file.display().to_string());
        }
        push(&mut line, "", &self.url_for_curl());
        if self.host != self.dial {
            push(&mut line, "-H", &format!("Host: {}", self.host));
        }
        for header in &self.headers {
            match &header.value {
                // curl sends a header without a value only if a semicolon stands for the colon
                HeaderText::Plain(value) if value.is_empty() => push(&mut line, "-H", &format!("{};", header.name)),
                HeaderText::Plain(value) => push(&mut line, "-H", &format!("{}: {value}", header.name)),
                HeaderText::Secret(_) => {}
            }
        }
        if let Some(file) = &self.header_file {
            push(&mut line, "-H", &format!("@{}", file.display()));
        }
        line
    }
}

impl Plan {
    /// The URL. Parameters of a signed call stand in the form and order in which they are signed: curl 7.88 signs them as written.
    fn url_for_curl(&self) -> String {
        match self.path_and_query.split_once('?') {
            Some((path, query)) if self.signed_for.is_some() => {
                let whole = |pair: &str| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") };
                let mut pairs: Vec<String> = query.split('&').map(whole).collect();
                pairs.sort_unstable();
                format!("https://{}{path}?{}", self.dial, pairs.join("&"))
            }
            Some(_) | None => self.url(),
        }
    }
}

/// Appends an option and its value.
fn push(line: &mut String, option: &str, value: &str) {
    if !option.is_empty() {
        let _ = write!(line, " {option}");
    }
    line.push(' ');
    line.push_str(&word(value));
}

/// A text as one word of a POSIX shell, quoted where need be.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
