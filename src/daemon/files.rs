//! What do the files say? `textfile` and `output_dir`, kept up to date by a thread of their own, so that no disk ever delays a round.

use super::board::Board;
use crate::config::FileSettings;
use crate::render;
use crate::render::metrics::{Exposition, ExpositionFormat};
use crate::report::Report;
use crate::status::{Output, OutputStatus, Process, Status};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The thread that writes. When it is behind, it goes on with the newest state.
#[derive(Debug, Clone)]
pub(super) struct Files(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    work: Mutex<Work>,
    changed: Condvar,
}

/// What is to be done.
#[derive(Debug)]
struct Work {
    settings: FileSettings,
    /// Whether anything has happened since it was last written.
    is_stale: bool,
    /// Whether something is being written.
    is_busy: bool,
}

impl Files {
    /// Starts the thread. If there is none, nothing is written, and the log says so.
    pub(super) fn start(settings: FileSettings, board: &Arc<Board>) -> Self {
        let work = Work { settings, is_stale: false, is_busy: false };
        let desk = Arc::new(Desk { work: Mutex::new(work), changed: Condvar::new() });
        let clerk = Clerk { desk: desk.clone(), board: board.clone(), written: BTreeMap::new(), has_textfile: false };
        if let Err(error) = std::thread::Builder::new().name("files".into()).spawn(move || clerk.work()) {
            tracing::error!("`textfile` and `output_dir` are not written: {error}");
        }
        Self(desk)
    }

    /// Something has happened.
    pub(super) fn stale(&self) {
        self.0.lock().is_stale = true;
        self.0.changed.notify_all();
    }

    /// From now on other files; those that were written before and are not named any more are removed.
    pub(super) fn set(&self, settings: FileSettings) {
        self.0.lock().settings = settings;
        self.stale();
    }

    /// Ends when everything is written, or when it has taken too long.
    pub(super) async fn finish(&self, most: Duration) {
        let (tell, told) = oneshot::channel::<()>();
        let desk = self.0.clone();
        let wait = move || {
            let work = desk.lock();
            let _ = desk.changed.wait_timeout_while(work, most, |work| work.is_stale || work.is_busy);
            drop(tell);
        };
        if std::thread::Builder::new().spawn(wait).is_ok() {
            let _ = told.await;
        }
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who writes.
struct Clerk {
    desk: Arc<Desk>,
    board: Arc<Board>,
    /// The reports that stand in files, by the name of the target; of a former run only the name is known.
    written: BTreeMap<Arc<str>, Option<Arc<Report>>>,
    /// Whether the textfile is this daemon's.
    has_textfile: bool,
}

impl Clerk {
    fn work(mut self) {
        let mut settings = FileSettings::default();
        let mut patience = Duration::MAX;
        loop {
            let wanted = self.wait(patience);
            if wanted != settings {
                self.change(&settings, &wanted);
            }
            settings = wanted;
            let began = Instant::now();
            let is_good = self.write(&settings);
            // nothing new may happen for an hour
            patience = if is_good { Duration::MAX } else { RETRY };
            self.desk.lock().is_busy = false;
            self.desk.changed.notify_all();
            // many rounds in a second need not all be seen
            std::thread::sleep(LEAST_BETWEEN.saturating_sub(began.elapsed()));
        }
    }

    /// Takes on other files: their counters begin at zero, and what a former run has left there becomes known.
    fn change(&mut self, old: &FileSettings, new: &FileSettings) {
        self.remove_what_is_not_named(old, new);
        if old.output_dir != new.output_dir {
            let known = new.output_dir.as_deref().map(reports_in).unwrap_or_default();
            self.written = known.into_iter().map(|name| (name.into(), None)).collect();
        }
        let folders = new.textfile.as_deref().and_then(Path::parent).into_iter().chain(new.output_dir.as_deref());
        folders.for_each(remove_drafts);
        let configured = [
            (Output::Textfile, new.textfile.is_some(), old.textfile == new.textfile),
            (Output::OutputDir, new.output_dir.is_some(), old.output_dir == new.output_dir),
        ];
        self.board.change(|status| {
            let before = std::mem::take(&mut status.outputs);
            for (output, _, is_same) in configured.into_iter().filter(|(_, is_wanted, _)| *is_wanted) {
                let known = before.iter().find(|one| is_same && one.output == output);
                let fresh = || OutputStatus { output, write_errors: 0, last_error: None };
                status.outputs.push(known.cloned().unwrap_or_else(fresh));
            }
        });
    }

    /// What nobody keeps up to date any more would be taken for true.
    fn remove_what_is_not_named(&mut self, old: &FileSettings, new: &FileSettings) {
        let is_textfile_ours = old.textfile != new.textfile && std::mem::take(&mut self.has_textfile);
        let textfile = old.textfile.clone().filter(|_| is_textfile_ours);
        let folder = old.output_dir.as_ref().filter(|_| old.output_dir != new.output_dir);
        let reports = folder.into_iter().flat_map(|folder| self.written.keys().map(|name| report_in(folder, name)));
        for path in textfile.into_iter().chain(reports) {
            if let Err(wrong) = remove(&path) {
                tracing::error!("{wrong}");
            }
        }
    }

    /// Waits for something to do, or for the time to try again.
    fn wait(&self, patience: Duration) -> FileSettings {
        let work = self.desk.lock();
        let waited = self.desk.changed.wait_timeout_while(work, patience, |work| !work.is_stale);
        let (mut work, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (work.is_stale, work.is_busy) = (false, true);
        work.settings.clone()
    }

    /// Writes what has changed; false if something could not be written.
    fn write(&mut self, settings: &FileSettings) -> bool {
        let status = self.board.status();
        let textfile = settings.textfile.as_ref().map(|path| replace(path, metrics(&status).as_bytes()));
        self.has_textfile |= matches!(textfile, Some(Ok(())));
        let reports = settings.output_dir.as_ref().map(|folder| self.write_reports(folder, &status));
        let results = [(Output::Textfile, textfile), (Output::OutputDir, reports)];
        let is_good = results.iter().all(|(_, result)| !matches!(result, Some(Err(_))));
        for (output, result) in results {
            if let Some(result) = result {
                self.tell(output, result.err());
            }
        }
        is_good
    }

    /// Stops at the first error: the others would have the same.
    fn write_reports(&mut self, folder: &Path, status: &Status) -> Result<(), String> {
        let known = |name: &str| status.targets.iter().any(|target| &*target.name == name);
        let gone: Vec<Arc<str>> = self.written.keys().filter(|name| !known(name)).cloned().collect();
        for name in gone {
            remove(&report_in(folder, &name))?;
            self.written.remove(&name);
        }
        for target in &status.targets {
            let Some(report) = target.history.latest() else { continue };
            let written = self.written.get(&target.name).and_then(Option::as_ref);
            if written.is_none_or(|written| !Arc::ptr_eq(written, report)) {
                replace(&report_in(folder, &target.name), render::json(report).as_bytes())?;
                self.written.insert(target.name.clone(), Some(report.clone()));
            }
        }
        Ok(())
    }

    /// Tells a failure once, and once that it is over.
    fn tell(&self, output: Output, wrong: Option<String>) {
        let before = self.board.change(|status| {
            let known = status.outputs.iter_mut().find(|one| one.output == output)?;
            known.write_errors += u64::from(wrong.is_some());
            std::mem::replace(&mut known.last_error, wrong.clone())
        });
        match (before, wrong) {
            (before, Some(wrong)) if before.as_ref() != Some(&wrong) => tracing::error!("{wrong}"),
            (Some(_), None) => tracing::info!("{output} is written again"),
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
    }
}

/// Removes the drafts that a killed run has left in a folder.
fn remove_drafts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_draft = name.to_str().is_some_and(|name| name.starts_with(DRAFT.0) && name.ends_with(DRAFT.1));
        if is_draft && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// As at `/metrics`, but for the process: node_exporter has one of its own.
fn metrics(status: &Status) -> String {
    Exposition::Daemon(Box::new(status.clone()), Process::default()).page(ExpositionFormat::Text)
}

/// The targets whose reports stand in a folder. Other files are none of our business.
fn reports_in(folder: &Path) -> Vec<String> {
    let is_report = |path: &Path, name: &str| {
        let value = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        value.is_some_and(|value| value["tool"]["name"] == env!("CARGO_PKG_NAME") && value["target"]["name"] == name)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().to_str()?.strip_suffix(".json")?.to_owned();
        (entry.file_type().ok()?.is_file() && is_report(&entry.path(), &name)).then_some(name)
    });
    names.collect()
}

fn report_in(folder: &Path, target: &str) -> PathBuf {
    folder.join(format!("{target}.json"))
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("cannot remove `{}`: {error}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts a whole new file in the place of an old one, at one moment, and to stay.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let put = || {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut draft = tempfile::Builder::new()
            .prefix(DRAFT.0)
            .suffix(DRAFT.1)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(folder)?;
        draft.write_all(bytes)?;
        draft.as_file().set_permissions(Permissions::from_mode(0o644))?;
        draft.as_file().sync_all()?;
        draft.persist(path).map(drop).map_err(|error| error.error)
    };
    put().map_err(|error| told(path, &error))
}

/// The system's word without the draft's name, which is another each time.
fn told(path: &Path, error: &io::Error) -> String {
    let words = error.to_string();
    format!("cannot write `{}`: {}", path.display(), words.split(" at path ").next().unwrap_or_default())
}

/// How the name of a file begins and ends that is not whole yet.
const DRAFT: (&str, &str) = (".apigw-probe-serve-", ".tmp");
const LEAST_BETWEEN: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(10);
