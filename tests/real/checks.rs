//! Do the check commands check? In a real Nagios and a real Icinga 2, which run the probe against the lab.

use crate::server::Server;
use crate::side::{Side, binary};
use crate::tool::{run, tool};
use apigw_probe::lab::Scenario;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What lies beside the configuration: the contributed file with the binary of this test, and a configuration of the probe.
fn folder(side: &Side, contributed: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(format!("{CONTRIB}/{contributed}")).unwrap();
    let program = binary().get_program().to_str().unwrap().to_owned();
    let config = folder.path().join("config.toml");
    let own = text
        .replace("/usr/bin/apigw-probe", &program)
        .replace("/etc/apigw-probe/config.toml", config.to_str().unwrap());
    std::fs::write(folder.path().join("probe"), own).unwrap();
    let (url, name) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
    let (dns, port, ca) = (side.lab.dns_server(), side.lab.port(), side.ca_file.path().display());
    let target = format!(
        "dns_servers = ['{dns}']\nca_file = '{ca}'\n[[target]]\nname = 'billing'\ninvoke_url = '{url}'\n\
         vpce_dns_name = '{name}'\nport = {port}\n[target.paths]\nprivate-dns = 'skip'\n"
    );
    std::fs::write(config, target).unwrap();
    folder
}

/// What leads the probe to the lab when its caller gives no such options.
fn to_the_lab(command: &mut Command, side: &Side) {
    command.env("APIGW_PROBE_DNS_SERVER", side.lab.dns_server().to_string());
    command.env("APIGW_PROBE_VPC_RESOLVER", side.lab.vpc_resolver().to_string());
    command.env("APIGW_PROBE_PORT", side.lab.port().to_string());
    command.env("APIGW_PROBE_CA_FILE", side.ca_file.path());
}

/// The program in a process namespace: what it forks ends with it.
fn alone(program: &Command) -> Command {
    let mut command = tool("unshare", "util-linux");
    command.args(["--pid", "--fork", "--kill-child"]).arg(program.get_program()).args(program.get_args());
    command
}

/// Waits until there is a line of figures for each of these services, and gives its state, its figures and its text.
fn told<const N: usize>(folder: &Path, services: [&str; N]) -> [[String; 3]; N] {
    let until = Instant::now() + LONGEST_WAIT;
    loop {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let figures = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("figures"));
        let text: String = figures.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
        let line = |service: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(service)?.strip_prefix('\t'))?;
            let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
            <[String; 3]>::try_from(columns).ok()
        };
        let lines: Vec<_> = services.into_iter().filter_map(line).collect();
        if let Ok(lines) = lines.try_into() {
            return lines;
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < until, "{text}{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The state is this, and there is something for a graph and something to read.
fn is(line: &[String; 3], expected: &str) {
    let [state, figures, text] = line;
    assert_eq!(state, expected, "{line:?}");
    assert!(figures.contains("vpce-api-id-header_tls") && text.starts_with("APIGW_PROBE "), "{line:?}");
}

#[test]
fn nagios_runs_the_probe() {
    let side = Side::start(Scenario::named("private-dns-off").unwrap());
    let folder = folder(&side, "nagios/apigw-probe.cfg");
    let at = folder.path();
    let (url, name) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
    let mut objects = NAGIOS_OBJECTS.to_owned();
    for (service, check) in
        [("orders", format!("check_apigw_probe!{url}!{name}")), ("billing", "check_apigw_probe_target!billing".into())]
    {
        let _ = writeln!(
            objects,
            "define service {{\n use apigw-probe\n host_name app-1\n service_description {service}\n contacts on-call\n check_command {check}\n}}"
        );
    }
    std::fs::write(at.join("objects"), objects).unwrap();
    std::fs::create_dir(at.join("results")).unwrap();
    let here = at.display();
    let main = format!(
        "cfg_file={here}/probe\ncfg_file={here}/objects\nlog_file={here}/nagios.log\nobject_cache_file={here}/cache\nstatus_file={here}/status\n\
         temp_file={here}/temp\ntemp_path={here}\ncheck_result_path={here}/results\ncommand_file={here}/commands\nquery_socket={here}/query\n\
         lock_file={here}/lock\nstate_retention_file={here}/retention\nnagios_user=root\nnagios_group=root\ncheck_for_updates=0\n\
         service_inter_check_delay_method=n\nmax_service_check_spread=1\nprocess_performance_data=1\nservice_perfdata_file={here}/figures\n\
         service_perfdata_file_template=$SERVICEDESC$\\t$SERVICESTATE$\\t$SERVICEPERFDATA$\\t$SERVICEOUTPUT$\n"
    );
    std::fs::write(at.join("main"), main).unwrap();
    assert!(Path::new(NAGIOS).exists(), "`{NAGIOS}` is missing: tests/real/unpack target/nagios bookworm nagios4-core");
    run(Command::new(NAGIOS).arg("-v").arg(at.join("main")));
    let mut nagios = alone(Command::new(NAGIOS).arg(at.join("main")));
    to_the_lab(&mut nagios, &side);
    let at = at.to_owned();
    let _server = Server::start(&nagios, None, folder, &[] as &[SocketAddr]);
    let [orders, billing] = told(&at, ["orders", "billing"]);
    is(&orders, "CRITICAL");
    is(&billing, "OK");
}

#[test]
fn icinga_runs_the_probe() {
    let side = Side::start(Scenario::named("private-dns-off").unwrap());
    let folder = folder(&side, "icinga2/apigw-probe.conf");
    let at = folder.path();
    let here = at.display();
    let (url, name) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
    let probe =
        std::fs::read_to_string(at.join("probe")).unwrap().replace("check_interval = 5m", "check_interval = 1s");
    let main = format!(
        "include <itl>\n{probe}\nobject CheckerComponent \"checker\" {{ }}\n\
         object PerfdataWriter \"figures\" {{\n rotation_interval = 1s\n host_perfdata_path = \"{here}/host\"\n host_temp_path = \"{here}/host-new\"\n \
         service_perfdata_path = \"{here}/figures\"\n service_temp_path = \"{here}/new\"\n \
         service_format_template = \"$service.name$\\t$service.state$\\t$service.perfdata$\\t$service.output$\"\n}}\n\
         object Endpoint \"me\" {{ }}\nobject Zone \"here\" {{ endpoints = [ \"me\" ] }}\n\
         object Host \"app-1\" {{\n check_command = \"dummy\"\n \
         vars.apigw_probe[\"orders\"] = {{ apigw_probe_invoke_url = \"{url}\", apigw_probe_vpce_dns_name = \"{name}\" }}\n \
         vars.apigw_probe[\"billing\"] = {{ apigw_probe_config = \"{here}/config.toml\", apigw_probe_target = \"billing\" }}\n \
         vars.apigw_probe[\"refunds\"] = {{ apigw_probe_invoke_url = \"{url}\", apigw_probe_vpce_dns_name = \"{name}\", \
         apigw_probe_skip = [ \"private-dns\", \"route53-alias\" ], apigw_probe_timeout = \"5s\" }}\n}}\n"
    );
    std::fs::write(at.join("main"), main).unwrap();
    let mut icinga = tool("icinga2", "icinga2-bin");
    icinga.args(["daemon", "-D", "NodeName=me", "-D", "ZoneName=here"]).arg("-c").arg(at.join("main"));
    for folder in ["DataDir", "CacheDir", "LogDir", "InitRunDir", "SpoolDir"] {
        icinga.args(["-D", &format!("Configuration.{folder}={here}")]);
    }
    let mut icinga = alone(&icinga);
    icinga.envs([("ICINGA2_USER", "root"), ("ICINGA2_GROUP", "root")]);
    to_the_lab(&mut icinga, &side);
    let at = at.to_owned();
    let _server = Server::start(&icinga, None, folder, &[] as &[SocketAddr]);
    let [orders, billing, refunds] = told(&at, ["apigw-probe orders", "apigw-probe billing", "apigw-probe refunds"]);
    is(&orders, "CRITICAL");
    is(&billing, "OK");
    is(&refunds, "OK");
}

const NAGIOS_OBJECTS: &str = "\
define command {\n command_name fine\n command_line /bin/true\n}
define timeperiod {\n timeperiod_name 24x7\n alias always\n sunday 00:00-24:00\n monday 00:00-24:00\n tuesday 00:00-24:00
 wednesday 00:00-24:00\n thursday 00:00-24:00\n friday 00:00-24:00\n saturday 00:00-24:00\n}
define contact {\n contact_name on-call\n host_notification_period 24x7\n service_notification_period 24x7
 host_notification_commands fine\n service_notification_commands fine\n}
define host {\n host_name app-1\n address 127.0.0.1\n check_command fine\n max_check_attempts 1\n contacts on-call
 check_period 24x7\n notification_period 24x7\n}
";
const CONTRIB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib");
const NAGIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/nagios/usr/sbin/nagios4");
const LONGEST_WAIT: Duration = Duration::from_secs(60);
