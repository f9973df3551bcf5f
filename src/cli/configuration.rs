//! How does a configuration read as TOML? What is understood, or what was observed, with every default.

use crate::aws::CredentialsCache;
use crate::check::{Auth, Check, Intents};
use crate::config::{Config, DEFAULT_INTERVAL, NetSettings, Scheduled};
use crate::observation::{Intent, Seen};
use crate::plan::{AccessPath, Header, HeaderText, Request};
use crate::report::Report;
use std::fmt::Write as _;

/// A probed target, with the intents that were observed: what works is required, what does not is optional.
/// An intent that the user named stays, and if nothing works all is required, since such a configuration would never fail.
pub(super) fn observed(check: Check, net: &NetSettings, report: &Report) -> String {
    let target = &report.round.target;
    let works = report.round.rows.iter().any(|row| row.returns_expected(target));
    let intent = |row: &crate::observation::Row| match row.seen {
        _ if row.asked => row.intent,
        Seen::NotConfigured(_) | Seen::Skipped => Intent::Skip,
        Seen::Probed(_) if works && !row.returns_expected(target) => Intent::Optional,
        Seen::Probed(_) => Intent::Required,
    };
    let intents = report.round.deciding().map(|row| (row.path, intent(row))).collect();
    let check = Check { intents: Intents::new(intents, false), ..check };
    let outcome = |path| {
        let row = report.round.deciding().find(|row| row.path == path);
        row.map(|row| format!("  # {}", row.outcome(target).name())).unwrap_or_default()
    };
    let scheduled = Scheduled::every(DEFAULT_INTERVAL, check);
    let mut text = String::new();
    write_net(&mut text, net);
    write_target(&mut text, &scheduled, &outcome);
    text
}

/// The configuration with every default, as TOML that means the same.
pub(super) fn shown(config: &Config) -> String {
    let mut text = format!("listen = {}\n", list(config.listen.iter().map(ToString::to_string)));
    let _ = writeln!(text, "allowed_hosts = {}", list(config.allowed_hosts.iter().cloned()));
    if let Some(file) = &config.web_config_file {
        let _ = writeln!(text, "web_config_file = {}", quoted(&file.display().to_string()));
    }
    write_net(&mut text, &config.net);
    write_daemon(&mut text, config);
    for one in &config.targets {
        write_target(&mut text, one, &|_| String::new());
    }
    text
}

fn write_net(text: &mut String, net: &NetSettings) {
    let _ = writeln!(text, "dns_servers = {}", list(net.dns_servers.iter().map(ToString::to_string)));
    if let Some(server) = net.vpc_resolver {
        let _ = writeln!(text, "vpc_resolver = \"{server}\"");
    }
    if let Some(file) = &net.ca_file {
        let _ = writeln!(text, "ca_file = {}", quoted(&file.display().to_string()));
    }
    let _ = writeln!(text, "system_roots = {}", net.system_roots);
}

fn write_daemon(text: &mut String, config: &Config) {
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "{key} = {value}");
    };
    line("max_in_flight", config.load.max_in_flight.to_string());
    line("dns_queries_per_second", config.load.dns_queries_per_second.to_string());
    line("log_format", quoted(config.log.format.name()));
    line("log_level", quoted(config.log.level.name()));
    for (key, path) in [("textfile", &config.files.textfile), ("output_dir", &config.files.output_dir)] {
        if let Some(path) = path {
            line(key, quoted(&path.display().to_string()));
        }
    }
}

fn write_target(text: &mut String, one: &Scheduled, comment: &dyn Fn(AccessPath) -> String) {
    let (check, target) = (&one.check, &one.check.target);
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "{key} = {value}");
    };
    line("\n[[target]]\nname", quoted(&target.name));
    line("invoke_url", quoted(&target.invoke_url));
    if let Some(name) = &target.vpce_dns_name {
        line("vpce_dns_name", quoted(name));
    } else if let Some(id) = &target.vpce {
        line("vpce_id", quoted(id.as_str()));
    }
    if target.is_public() {
        line("public", true.to_string());
    }
    if let (None, Some(region)) = (target.api(), target.region()) {
        line("region", quoted(region.as_str()));
    }
    if let Some(domain) = &target.custom_domain {
        line("custom_domain", quoted(&domain.to_string()));
    }
    if !target.zonal.is_empty() {
        line("zonal_dns_names", list(target.zonal.iter().map(|zonal| zonal.name.to_string())));
    }
    line("expect_status", format!("{:?}", target.expect.status));
    line("require_api_gateway", target.expect.api_gateway.to_string());
    line("interval", quoted(&humantime::format_duration(one.interval).to_string()));
    line("schedule", quoted(one.schedule.name()));
    line("probe_min_age", quoted(&humantime::format_duration(one.probe_min_age).to_string()));
    line("timeout", quoted(&humantime::format_duration(check.limits.timeout).to_string()));
    line("every_address", check.limits.every_address.to_string());
    line("canary", check.canary.to_string());
    write_request(text, &check.request);
    write_auth(text, &check.auth);
    text.push_str("\n[target.paths]\n");
    for path in AccessPath::ALL.iter().filter(|path| path.is_of(target) || check.intents.names(**path)) {
        let _ = writeln!(text, "{path} = \"{}\"{}", check.intents.of(*path), comment(*path));
    }
}

fn write_request(text: &mut String, request: &Request) {
    let plain = |header: &Header| match &header.value {
        HeaderText::Plain(value) => Some(format!("{}: {value}", header.name)),
        HeaderText::Secret(_) => None,
    };
    let _ = writeln!(text, "method = {}", quoted(request.method.as_str()));
    let _ = writeln!(text, "allow_unsafe_method = {}", !request.method.is_harmless());
    let _ = writeln!(text, "headers = {}", list(request.headers.iter().filter_map(plain)));
    if let Some(file) = &request.header_file {
        let _ = writeln!(text, "header_file = {}", quoted(&file.display().to_string()));
    }
    let _ = writeln!(text, "port = {}", request.port);
    if let Some(ip) = request.connect_to {
        let _ = writeln!(text, "connect_to = \"{ip}\"");
    }
}

fn write_auth(text: &mut String, auth: &Auth) {
    let _ = writeln!(text, "auth = \"{}\"", auth.mode());
    let Some(config) = auth.credentials().and_then(CredentialsCache::config) else { return };
    let role = config.role.as_ref();
    let values = [
        ("assume_role_arn", role.map(|role| role.arn.as_str())),
        ("external_id", role.and_then(|role| role.external_id.as_deref())),
        ("session_name", role.and_then(|role| role.session_name.as_deref())),
        ("profile", config.base.profile()),
    ];
    for (key, value) in values {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(items: impl Iterator<Item = String>) -> String {
    toml::Value::Array(items.map(toml::Value::from).collect()).to_string()
}
