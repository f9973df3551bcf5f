//! Is a configuration read as it is meant, and an error told with its line, its key and the right form?

use apigw_probe::config::{Config, Cost, LogFormat, LogLevel, parse_server};
use apigw_probe::observation::Intent;
use apigw_probe::plan::AccessPath;
use apigw_probe::status::Schedule;
use std::io::Write as _;
use std::time::Duration;

const TARGET: &str = "[[target]]\ninvoke_url = \"https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test\"\n";

fn read(text: &str) -> Result<Config, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Config::read(file.path()).map_err(|error| {
        let text = error.to_string();
        text.strip_prefix(&file.path().display().to_string()).expect("the file is named first").to_owned()
    })
}

#[test]
fn a_list_of_servers_may_have_spaces() {
    let listed: Vec<_> = "10.0.0.2, [fd00::2] , 10.0.0.3:5353".split(',').map(parse_server).collect();
    assert!(listed.iter().all(Result::is_ok), "{listed:?}");
}

#[test]
fn the_example_is_good() {
    let config = Config::read(concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/config.toml").as_ref()).unwrap();
    assert_eq!(config.targets[0].check.target.name, "orders");
    assert_eq!(config.targets[0].interval, Duration::from_secs(60));
    assert_eq!(config.listen, ["127.0.0.1:9715".parse().unwrap()]);
    assert_eq!(config.allowed_hosts, [""; 0]);
}

#[test]
fn what_is_absent_has_the_documented_default() {
    let config = read(TARGET).unwrap();
    let one = &config.targets[0];
    assert_eq!((one.interval, one.check.limits.timeout), (Duration::from_secs(60), Duration::from_secs(10)));
    assert_eq!((one.check.request.port, one.check.request.method.as_str()), (443, "GET"));
    assert_eq!(one.check.target.name, "a1bc234d5e-test");
    assert_eq!((one.schedule, one.probe_min_age), (Schedule::Interval, Duration::from_secs(30)));
    assert_eq!((config.load.max_in_flight, config.load.dns_queries_per_second), (512, 200));
    assert_eq!((config.log.format, config.log.level), (LogFormat::Text, LogLevel::Info));
    assert_eq!((config.files.textfile, config.files.output_dir), (None, None));
    assert_eq!(one.check.intents.of(AccessPath::PrivateDns), Intent::Required);
}

#[test]
fn a_target_overrides_what_stands_above() {
    let text = format!(
        "interval = \"5m\"\ntimeout = \"3s\"\n{TARGET}interval = \"15s\"\n[target.paths]\nprivate-dns = \"forbidden\"\n"
    );
    let one = &read(&text).unwrap().targets[0];
    assert_eq!((one.interval, one.check.limits.timeout), (Duration::from_secs(15), Duration::from_secs(3)));
    assert_eq!(one.check.intents.of(AccessPath::PrivateDns), Intent::Forbidden);
    assert!(one.check.intents.names(AccessPath::PrivateDns) && !one.check.intents.names(AccessPath::Route53Alias));
}

#[test]
fn other_ways_are_keys_of_a_target_and_their_errors_name_the_line() {
    let zonal = "vpce-1a2b3c456d7e89012-f3ghijkl-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com";
    let text = format!("{TARGET}custom_domain = \"private.example.com/a\"\nzonal_dns_names = [\"{zonal}\"]\n");
    let one = &read(&text).unwrap().targets[0].check;
    assert_eq!(one.target.custom_domain.as_ref().map(ToString::to_string).as_deref(), Some("private.example.com/a"));
    assert_eq!(one.target.zonal.len(), 1);
    let text = "[[target]]\ninvoke_url = \"https://api.example.com/\"\npublic = true\nregion = \"us-east-1\"\nauth = \"iam\"\n";
    assert_eq!(read(text).unwrap().targets[0].check.plans().count(), 1);
    for (text, line) in [
        (format!("{TARGET}custom_domain = \"private\"\n"), 3),
        (format!("{TARGET}zonal_dns_names = [\n\"us-east-1a\"]\n"), 3),
        (format!("{TARGET}region = \"eu-west-1\"\n"), 3),
        ("[[target]]\ninvoke_url = \"https://api.example.com/\"\n".to_owned(), 2),
        (text.replace("region = \"us-east-1\"\n", ""), 2),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(&format!(":{line}: ")), "{text}: {error}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
    for (text, line, words) in [
        (format!("intervall = \"1s\"\n{TARGET}"), 1, ["intervall", "`interval`"]),
        (format!("{TARGET}vpce_dns = \"x\"\n"), 3, ["vpce_dns", "`vpce_dns_name`"]),
        (format!("{TARGET}[target.paths]\nprivat-dns = \"skip\"\n"), 4, ["privat-dns", "`private-dns`"]),
        (format!("{TARGET}paths = {{ private-dms = \"skip\" }}\n"), 3, ["private-dms", "`private-dns`"]),
        (format!("{TARGET}[target.paths]\nprivate_dns = \"optional\"\n"), 4, ["private_dns", "`private-dns`"]),
        (format!("colour = 1\n{TARGET}"), 1, ["colour", "interval"]),
        (format!("invoke_url = \"x\"\n{TARGET}"), 1, ["invoke_url", "below its line `[[target]]`"]),
        (format!("{TARGET}[target.paths]\nvpce_id = \"x\"\n"), 4, ["vpce_id", "below its line `[[target]]`"]),
        (format!("{TARGET}listen = []\n"), 3, ["listen", "above the first line `[[target]]`"]),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.starts_with(&format!(":{line}: `{}`", words[0])), "{error}");
        assert!(!error.contains("one of"), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

#[test]
fn a_bad_value_is_named_with_its_line() {
    for (text, line, word) in [
        (String::new(), 1, "[[target]]"),
        (format!("interval = \"often\"\n{TARGET}"), 1, "often"),
        (format!("interval = \"1ms\"\n{TARGET}"), 1, "1ms"),
        (format!("dns_servers = [\"resolver\"]\n{TARGET}"), 1, "resolver"),
        (format!("dns_servers = [\"10.0.0.2:0\"]\n{TARGET}"), 1, "10.0.0.2:0"),
        (format!("vpc_resolver = \"[::1]:0\"\n{TARGET}"), 1, "[::1]:0"),
        ("\n[[target]]\ninvoke_url = \"https://example.com/\"\n".to_owned(), 3, "example.com"),
        (format!("{TARGET}vpce_dns_name = \"vpce-1\"\nvpce_id = \"vpc-2\"\n"), 4, "vpc-2"),
        (format!("{TARGET}expect_status = [99]\n"), 3, "expect_status"),
        (format!("{TARGET}method = \"POST\"\n"), 3, "allow_unsafe_method"),
        (format!("{TARGET}method = \"get\"\n"), 3, "`GET`"),
        (format!("{TARGET}headers = [\"Authorization: secret-text\"]\n"), 3, "Authorization"),
        (format!("{TARGET}header_file = \"/nowhere\"\n"), 3, "/nowhere"),
        (format!("{TARGET}name = \"a b\"\n"), 3, "name"),
        (format!("{TARGET}name = \"..\"\n"), 3, "name"),
        (format!("{TARGET}{TARGET}"), 3, "a1bc234d5e-test"),
        (format!("{TARGET}[target.paths]\nprivate-dns = \"never\"\n"), 4, "never"),
        (format!("{TARGET}[target.paths]\nprivate-dns = \"skip\"\n"), 1, "no path is left"),
        ("interval = \n".to_owned(), 1, ""),
        ("[target]\ninvoke_url = \"x\"\n".to_owned(), 1, "[[target]]"),
        (format!("schedule = \"hourly\"\n{TARGET}"), 1, "on-probe"),
        (format!("{TARGET}probe_min_age = \"soon\"\n"), 3, "soon"),
        (format!("max_in_flight = 3\n{TARGET}"), 1, "max_in_flight"),
        (format!("dns_queries_per_second = -1\n{TARGET}"), 1, "dns_queries_per_second"),
        (format!("log_level = \"loud\"\n{TARGET}"), 1, "debug"),
        (format!("textfile = \"/tmp/apigw-probe.txt\"\n{TARGET}"), 1, ".prom"),
        (format!("output_dir = \"reports\"\n{TARGET}"), 1, "whole path"),
        (format!("listen = [\"foo\"]\n{TARGET}"), 1, "127.0.0.1:9715"),
        (format!("allowed_hosts = [\"https://probe.example.com\"]\n{TARGET}"), 1, "`probe.example.com`"),
        (format!("allowed_hosts = [\"probe.example.com:9715\"]\n{TARGET}"), 1, "without scheme"),
        (format!("listen = [\n\"127.0.0.1:9715\",\n\"0.0.0.0:9715\",\n]\n{TARGET}"), 3, "127.0.0.1:9715"),
        (format!("{TARGET}auth = \"sigv4\"\n"), 3, "iam"),
        (format!("{TARGET}auth = \"iam\"\nassume_role_arn = \"role/x\"\n"), 4, "arn:aws:iam::"),
        (format!("{TARGET}auth = \"iam\"\nexternal_id = \"x\"\n"), 4, "assume_role_arn"),
        (format!("{TARGET}profile = \"x\"\n"), 3, "auth"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.starts_with(&format!(":{line}: ")), "{text}: {error}");
        assert!(error.contains(word) && !error.contains("secret-text"), "{text}: {error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
    }
}

#[test]
fn a_value_of_another_kind_is_told_with_its_key_and_the_right_form() {
    let above = |text: &str| (format!("{text}\n{TARGET}"), 1);
    let below = |text: &str| (format!("{TARGET}{text}\n"), 3);
    for ((text, line), key, words) in [
        (above("interval = 60"), "interval", ["60", "\"60s\""]),
        (above("timeout = 1979-05-27"), "timeout", ["1979-05-27", "\"10s\""]),
        (above("listen = \"127.0.0.1:9715\""), "listen", ["text", "[\"127.0.0.1:9715\"]"]),
        (above("dns_servers = [1]"), "dns_servers", ["1", "\"10.0.0.2\""]),
        (above("max_in_flight = \"5\""), "max_in_flight", ["\"5\"", "512"]),
        (above("system_roots = \"yes\""), "system_roots", ["text", "`true`"]),
        (above("schedule = 5"), "schedule", ["5", "\"on-probe\""]),
        (above("log_level = \"inof\""), "log_level", ["inof", "`info`"]),
        (above("textfile = 5"), "textfile", ["5", ".prom"]),
        (above("interval.x = 5"), "interval", ["table", "\"60s\""]),
        (below("expect_status = 200"), "expect_status", ["200", "[200]"]),
        (below("expect_status = [70000]"), "expect_status", ["70000", "599"]),
        (below("port = 0"), "port", ["0", "65535"]),
        (below("port = 70000"), "port", ["70000", "65535"]),
        (below("port = \"443\""), "port", ["\"443\"", "such as 443"]),
        (below("connect_to = \"here\""), "connect_to", ["here", "10.0.1.23"]),
        (below("connect_to = \"0.0.0.0\""), "connect_to", ["0.0.0.0", "10.0.1.23"]),
        (below("paths = \"skip\""), "paths", ["text", "table"]),
        (below("paths = { private-dns = true }"), "private-dns", ["true", "\"optional\""]),
        (below("headers = { a = \"b\" }"), "headers", ["table", "[\"Accept: application/json\"]"]),
        (("[[target]]\ninvoke_url = [\"x\"]\n".to_owned(), 2), "invoke_url", ["list", "https://"]),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.starts_with(&format!(":{line}: {key}: ")), "{text}: {error}");
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        // the parser's own words
        assert!(
            !["invalid type", "expected", "unknown variant", "u16"].iter().any(|word| error.contains(word)),
            "{error}"
        );
    }
}

#[test]
fn what_is_given_twice_or_is_missing_is_named() {
    let error = read(&format!("interval = \"1s\"\ninterval = \"2s\"\n{TARGET}")).unwrap_err();
    assert!(error.starts_with(":2: `interval`"), "{error}");
    let error = read(&format!("{TARGET}[target.paths]\n[target.paths]\n")).unwrap_err();
    assert!(error.starts_with(":4: `paths`"), "{error}");
    let error = read(&format!("{TARGET}[[target]]\nname = \"x\"\n")).unwrap_err();
    assert!(error.starts_with(":3: target: `invoke_url`") && error.contains("https://"), "{error}");
    let error = read(&format!("interval = 60s\n{TARGET}")).unwrap_err();
    assert!(error.starts_with(":1: interval: "), "{error}");
}

#[test]
fn a_text_in_the_wrong_place_is_not_repeated() {
    for line in [
        "headers = \"x-api-key: SECRET\"",
        "headers = [[\"x-api-key: SECRET\"]]",
        "headers = [\"x-api-key: SECRET\"",
        "headers = { x-api-key = \"SECRET\" }",
        "headers = x-api-key: SECRET",
        "port = \"SECRET\"",
        "every_address = \"SECRET\"",
        "external_id = [\"SECRET\"]",
    ] {
        let error = read(&format!("{TARGET}{line}\n")).unwrap_err();
        assert!(!error.contains("SECRET"), "{error}");
        assert!(error.starts_with(&format!(":3: {}: ", line.split(' ').next().unwrap())), "{error}");
    }
}

#[test]
fn a_file_that_is_named_and_missing_is_told_with_its_place() {
    let ca = format!("interval = \"1s\"\nca_file = \"/nowhere/ca.pem\"\n{TARGET}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(ca.as_bytes()).unwrap();
    let config = Config::read(file.path()).unwrap();
    let error = config.trust().unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}:2: ca_file: ", file.path().display())), "{error}");
    assert!(error.contains("/nowhere/ca.pem"), "{error}");
    let error = read(&format!("{TARGET}header_file = \"/nowhere/headers\"\n")).unwrap_err();
    assert!(error.starts_with(":3: header_file: ") && error.contains("/nowhere/headers"), "{error}");
}

#[test]
fn a_path_that_is_named_and_lacks_its_input_is_known_whatever_is_expected_of_it() {
    for (intent, lacking) in [("required", 1), ("optional", 1), ("forbidden", 1), ("skip", 0)] {
        let config = read(&format!("{TARGET}[target.paths]\npublic = \"{intent}\"\n")).unwrap();
        let found: Vec<_> = config.targets[0].check.lacking().map(|(path, missing)| (path, missing.hint())).collect();
        assert_eq!(found.len(), lacking, "{intent}");
        assert!(found.iter().all(|(path, hint)| *path == AccessPath::Public && hint.contains("`public = true`")));
    }
}

#[test]
fn both_calls_of_a_path_count() {
    let config = read(&format!("interval = \"60s\"\n{TARGET}auth = \"both\"\n")).unwrap();
    let cost = config.cost(Schedule::Interval);
    assert!((cost.calls_per_day - 2.0 * 1440.0).abs() < 1e-6);
    assert!((cost.dns_queries_per_second - 2.0 / 60.0).abs() < 1e-9, "both calls share one name");
}

#[test]
fn who_says_when_is_of_the_target_first() {
    let text = format!(
        "schedule = \"on-probe\"\nprobe_min_age = \"5s\"\n{TARGET}{TARGET}name = \"b\"\nschedule = \"interval\"\nprobe_min_age = \"0s\"\n"
    );
    let config = read(&text).unwrap();
    let said: Vec<_> = config.targets.iter().map(|one| (one.schedule, one.probe_min_age.as_secs())).collect();
    assert_eq!(said, [(Schedule::OnProbe, 5), (Schedule::Interval, 0)]);
    assert_eq!((config.cost(Schedule::Interval).targets, config.cost(Schedule::OnProbe).targets), (1, 1));
}

#[test]
fn the_cost_counts_what_is_sent() {
    let vpce = "vpce_dns_name = \"vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com\"\n";
    let config = read(&format!("interval = \"60s\"\n{TARGET}{vpce}")).unwrap();
    let cost = config.cost(Schedule::Interval);
    assert!((cost.calls_per_day - 4.0 * 1440.0).abs() < 1e-6);
    assert!((cost.dns_queries_per_second - 6.0 / 60.0).abs() < 1e-9, "two paths share one name");
    assert_eq!(config.cost(Schedule::OnProbe), Cost::default());
    let canary = read(&format!("interval = \"60s\"\n{TARGET}{vpce}canary = true\n")).unwrap();
    let cost = canary.cost(Schedule::Interval);
    assert!((cost.calls_per_day - 5.0 * 1440.0).abs() < 1e-6);
    assert!((cost.dns_queries_per_second - 6.0 / 60.0).abs() < 1e-9, "it dials a name that is dialled anyway");
}
