//! How do people write it? The two strings as they are copied from a console, a terminal or a ticket.

use super::name::excerpt;
use super::{AwsHost, HostName, NameError, TargetError, VpceId, Warning};

/// What an invoke URL says.
pub(super) struct InvokeUrl {
    pub(super) host: UrlHost,
    pub(super) stage: Option<String>,
    pub(super) path_and_query: String,
    pub(super) warnings: Vec<Warning>,
}

/// The host of a URL.
pub(super) enum UrlHost {
    /// A name that AWS gives.
    Aws(AwsHost),
    /// A name of its owner's.
    Domain(HostName),
}

impl UrlHost {
    pub(super) fn name(&self) -> &HostName {
        match self {
            Self::Aws(host) => &host.name,
            Self::Domain(name) => name,
        }
    }
}

impl InvokeUrl {
    /// Reads a URL; scheme and path may be missing. The host of a public API's URL may be a custom domain name, and its path may
    /// lack a stage, as an HTTP API's `$default` one does.
    pub(super) fn parse(text: &str, public: bool) -> Result<Self, TargetError> {
        let text = bare(text);
        if text.is_empty() {
            return Err(TargetError::UrlEmpty);
        }
        if text.len() > MOST_URL_BYTES {
            return Err(TargetError::UrlLength(text.len()));
        }
        if let Some(name) = credential_in(text) {
            return Err(TargetError::UrlCredential(name));
        }
        let mut warnings = Vec::new();
        // a query may hold another URL
        let scheme = text.split_once("://").filter(|(before, _)| !before.contains(['/', '?', '#']));
        let rest = match scheme {
            None => text.strip_prefix("//").unwrap_or(text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
                warnings.push(Warning::PlainHttp);
                rest
            }
            Some((scheme, _)) => return Err(TargetError::UrlScheme(excerpt(scheme))),
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(TargetError::UrlUserinfo);
        }
        let host = match authority.split_once(':') {
            None | Some((_, "")) => authority.trim_end_matches(':'),
            // a wrong scheme's port is dropped with the scheme
            Some((host, "443")) => host,
            Some((host, "80")) if warnings.contains(&Warning::PlainHttp) => host,
            Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
                return Err(TargetError::UrlPort(excerpt(port)));
            }
            // an ARN, or an IPv6 address
            Some(_) => authority,
        };
        let host = match AwsHost::parse(host) {
            Ok(host) => UrlHost::Aws(host),
            Err(NameError::NotExecuteApi(_)) if public => {
                let name = HostName::parse(host).map_err(TargetError::UrlHost)?;
                if !name.is_domain() {
                    return Err(TargetError::UrlNoDomain(name.to_string()));
                }
                UrlHost::Domain(name)
            }
            Err(NameError::NotExecuteApi(name)) => return Err(TargetError::UrlDomain(name)),
            Err(error) => return Err(TargetError::UrlHost(error)),
        };
        let path_and_query = path_and_query(rest, text.len() - rest.len())?;
        let path = path_and_query.split('?').next().unwrap_or_default();
        let stage = path.split('/').nth(1).filter(|stage| !stage.is_empty()).map(str::to_owned);
        let stage = stage.filter(|stage| matches!(host, UrlHost::Aws(_)) && (!public || is_usual_stage(stage)));
        match &stage {
            _ if public => {}
            None => warnings.push(Warning::NoStage),
            Some(stage) if !is_usual_stage(stage) => warnings.push(Warning::UnusualStage(excerpt(stage))),
            Some(_) => {}
        }
        Ok(Self { host, stage, path_and_query, warnings })
    }
}

/// The part of a URL after its authority, as it goes on the request line; `offset` is where it begins, for messages.
pub(super) fn path_and_query(text: &str, offset: usize) -> Result<String, TargetError> {
    let text = text.split('#').next().unwrap_or_default();
    let wrong = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`');
    if let Some((at, c)) = text.char_indices().find(|(_, c)| wrong(*c)) {
        let encoded = c.to_string().bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat();
        return Err(TargetError::UrlCharacter(c, offset + at, encoded));
    }
    Ok(if text.starts_with('/') { text.to_owned() } else { format!("/{text}") })
}

/// The parameter that makes a URL a credential, if there is one; names are compared as a server may read them.
fn credential_in(url: &str) -> Option<&'static str> {
    let (_, query) = url.split_once('?')?;
    let names = query.split(['&', ';', '#', '?']).map(|parameter| parameter.split('=').next().unwrap_or_default());
    let names: Vec<String> = names.map(|name| name.replace("%2D", "-").replace("%2d", "-")).collect();
    CREDENTIALS.into_iter().find(|known| names.iter().any(|name| name.eq_ignore_ascii_case(known)))
}

fn is_usual_stage(stage: &str) -> bool {
    stage.len() <= 128 && stage.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The text without what is copied along with it: white space, marks that cannot be seen, and a pair of quotes or brackets around it.
pub(super) fn bare(text: &str) -> &str {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let text = text.trim_matches(blank);
    let pair = |(open, close)| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    PAIRS.into_iter().find_map(pair).unwrap_or(text).trim_matches(blank)
}

/// What stands around a text in a shell, a ticket, a document.
const PAIRS: [(char, char); 7] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>'), ('(', ')'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];

/// What was given for the endpoint.
pub(super) enum EndpointInput {
    Host(AwsHost),
    Id(VpceId),
}

impl EndpointInput {
    /// Reads the endpoint's name as the console or CloudFormation writes it, its alias, or its id.
    pub(super) fn parse(text: &str) -> Result<Self, TargetError> {
        // CloudFormation puts `Z1234:` before the name, the console ` (Z1234)` after it
        let name = bare(text.trim().trim_end_matches(',')).split([' ', '\t']).next().unwrap_or_default();
        let name = name.split_once("://").map_or(name, |(_, rest)| rest);
        let name = name.split(['/', '?', '#']).next().unwrap_or_default();
        let name = match name.split_once(':') {
            Some((zone, name)) if zone.starts_with(['Z', 'z']) && !zone.contains('.') => name,
            Some((name, "443")) => name,
            _ => name,
        };
        if !name.contains('.') {
            return VpceId::parse(name).map(Self::Id).map_err(TargetError::Endpoint);
        }
        AwsHost::parse(name).map(Self::Host).map_err(|error| match error {
            // their right form is an API's name
            NameError::Host(given) | NameError::NotExecuteApi(given) => TargetError::NoEndpoint(given),
            other => TargetError::Endpoint(other),
        })
    }
}

/// As much as API Gateway reads of all headers together (developer guide, quotas), rounded down.
pub(super) const MOST_URL_BYTES: usize = 8192;
/// What SigV4 puts into a query and nobody may read (IAM user guide, "Authentication methods").
const CREDENTIALS: [&str; 3] = ["X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential"];
