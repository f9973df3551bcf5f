//! What is answered to whom? Each request is read, judged and answered here.

use super::answer::{Answer, Sending, Stream, other_methods, streamed, whole, words};
use super::crowd::{Crowd, Visit};
use super::probe_params::{Form, MOST_WITHIN, Probe, shown, within};
use super::{Site, content_negotiation as accept};
use crate::daemon::board::{Order, ProbeRefusal};
use crate::daemon::process::process;
use crate::daemon::web_config::{WebConfig, WebConfigWatcher};
use crate::render;
use crate::render::html::{self, View};
use crate::render::metrics::Exposition;
use crate::report::Report;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use time::OffsetDateTime;
use tokio::sync::oneshot;

/// A way in, with what it leads to.
pub(super) enum Door {
    /// Everything, by the web_config.
    Web(Rc<RefCell<WebConfigWatcher>>),
    /// Reload and nothing else; whoever can open the socket may.
    Control,
}

/// Answers a request.
pub(super) async fn respond(
    request: Request<Incoming>,
    door: Rc<Door>,
    (site, crowd): (Arc<Site>, Rc<Crowd>),
    visit: Rc<Visit>,
) -> Response<Sending> {
    visit.asked();
    let desk = Desk { request: &request, site: &site, crowd: &crowd, visit: &visit };
    let answer = match door.as_ref() {
        Door::Web(web_config) => {
            let web_config = web_config.borrow_mut().current();
            let mut answer = match admit(&web_config, request.headers()).await {
                Ok(()) => desk.answer().await,
                Err(refusal) => refusal,
            };
            set_headers(&web_config, answer.headers_mut());
            answer
        }
        Door::Control => desk.answer_control().await,
    };
    visit.answered();
    answer.map(|content| Sending::new(content, visit))
}

async fn admit(web_config: &WebConfig, headers: &HeaderMap) -> Result<(), Answer> {
    if let Some(limiter) = &web_config.rate_limiter
        && let Err(wait) = limiter.take()
    {
        let answer = words(StatusCode::TOO_MANY_REQUESTS, "too many requests");
        return Err(with(answer, RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1)));
    }
    if web_config.users.authenticate(headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)).await {
        return Ok(());
    }
    let realm = HeaderValue::from_static("Basic realm=\"apigw-probe\", charset=\"UTF-8\"");
    Err(with(words(StatusCode::UNAUTHORIZED, "authentication failed"), WWW_AUTHENTICATE, realm))
}

fn set_headers(web_config: &WebConfig, headers: &mut HeaderMap) {
    for (name, value) in &web_config.headers {
        match value {
            Some(value) => drop(headers.insert(name, value.clone())),
            None => drop(headers.remove(name)),
        }
    }
}

/// A request and what it takes to answer it.
struct Desk<'r> {
    request: &'r Request<Incoming>,
    site: &'r Site,
    crowd: &'r Rc<Crowd>,
    visit: &'r Visit,
}

/// What a path leads to.
enum Resource<'p> {
    Page,
    Metrics,
    Reports,
    Report(Cow<'p, str>),
    Probe,
    Healthy,
    Ready,
    Reload,
}

impl<'p> Resource<'p> {
    fn of(path: &'p str) -> Option<Self> {
        match path {
            "/" => Some(Self::Page),
            "/metrics" => Some(Self::Metrics),
            "/api/v1/reports" => Some(Self::Reports),
            "/probe" => Some(Self::Probe),
            "/-/healthy" => Some(Self::Healthy),
            "/-/ready" => Some(Self::Ready),
            "/-/reload" => Some(Self::Reload),
            _ => {
                let name = path.strip_prefix("/api/v1/reports/")?;
                Some(Self::Report(percent_decode_str(name).decode_utf8_lossy()))
            }
        }
    }

    fn methods(&self) -> (&'static [Method], &'static str) {
        match self {
            Self::Reload => (&[Method::POST, Method::PUT], "POST, PUT"),
            Self::Page
            | Self::Metrics
            | Self::Reports
            | Self::Report(_)
            | Self::Probe
            | Self::Healthy
            | Self::Ready => (&[Method::GET, Method::HEAD], "GET, HEAD"),
        }
    }
}

impl Desk<'_> {
    async fn answer(&self) -> Answer {
        let Some(resource) = Resource::of(self.request.uri().path()) else {
            return words(StatusCode::NOT_FOUND, format!("not here; there are\n{PLACES}"));
        };
        let (methods, allowed) = resource.methods();
        if !methods.contains(self.request.method()) {
            return other_methods(allowed);
        }
        match resource {
            Resource::Page => self.page().await,
            Resource::Metrics => self.metrics().await,
            Resource::Reports => self.reports().await,
            Resource::Report(target) => self.report(&target),
            Resource::Probe => self.probe().await,
            Resource::Healthy => words(StatusCode::OK, "healthy"),
            Resource::Ready if self.site.is_ready.load(Ordering::Relaxed) => words(StatusCode::OK, "ready"),
            Resource::Ready => later("not ready: starting or stopping"),
            Resource::Reload if self.site.lifecycle => self.reload().await,
            Resource::Reload => {
                let message = "reload over HTTP is off; `serve --enable-lifecycle` turns it on, `apigw-probe reload` needs no such thing";
                words(StatusCode::FORBIDDEN, message)
            }
        }
    }

    /// What the control socket answers.
    async fn answer_control(&self) -> Answer {
        match Resource::of(self.request.uri().path()) {
            Some(Resource::Reload) if *self.request.method() == Method::POST => self.reload().await,
            Some(Resource::Reload) => other_methods("POST"),
            Some(Resource::Healthy) if *self.request.method() == Method::GET => words(StatusCode::OK, "healthy"),
            Some(Resource::Healthy) => other_methods("GET"),
            Some(_) | None => words(StatusCode::NOT_FOUND, "not here; the control socket has /-/reload and /-/healthy"),
        }
    }

    async fn page(&self) -> Answer {
        let view = match View::parse(self.request.uri().query().unwrap_or_default()) {
            Ok(view) => view,
            Err(error) => return words(StatusCode::BAD_REQUEST, shown(&error.to_string())),
        };
        let place = self.crowd.stream(self.visit).await;
        let status = self.site.board.status();
        let Some(text) = html::page(&status, &view, OffsetDateTime::now_utc()).map(|page| page.to_string()) else {
            return unknown(view.target.as_deref().unwrap_or_default());
        };
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        let stream = Stream { pieces: Box::new(std::iter::once(text)), place, gzip: self.gzip() };
        let mut answer = streamed(kind, stream);
        for (name, value) in html::headers(&view) {
            let value = HeaderValue::from_str(&value).expect("a header of the page");
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
        answer
    }

    async fn metrics(&self) -> Answer {
        let format = accept::format(&self.header(&ACCEPT));
        let place = self.crowd.stream(self.visit).await;
        let status = self.site.board.status();
        let process = process(status.started);
        let pieces = Box::new(std::iter::once(Exposition::Daemon(Box::new(status), process).page(format)));
        streamed(HeaderValue::from_static(format.content_type()), Stream { pieces, place, gzip: self.gzip() })
    }

    /// The last report of each target that has one, as one JSON array with a report on each line.
    async fn reports(&self) -> Answer {
        let place = self.crowd.stream(self.visit).await;
        let mut reports =
            self.site.board.status().targets.into_iter().filter_map(|target| target.history.latest().cloned());
        let first = reports.next().map(|report| format!("[\n{}", render::json_line(&report).trim_end()));
        let others = reports.map(|report| format!(",\n{}", render::json_line(&report).trim_end()));
        let begin = first.unwrap_or_else(|| "[".to_owned());
        let pieces = std::iter::once(begin).chain(others).chain(std::iter::once("\n]\n".to_owned()));
        streamed(JSON, Stream { pieces: Box::new(pieces), place, gzip: self.gzip() })
    }

    fn report(&self, name: &str) -> Answer {
        let status = self.site.board.status();
        let Some(target) = status.targets.iter().find(|target| &*target.name == name) else {
            return unknown(name);
        };
        match target.history.latest() {
            Some(report) => whole(StatusCode::OK, JSON, render::json(report)),
            None => words(StatusCode::NOT_FOUND, format!("no round of `{}` has ended yet", target.name)),
        }
    }

    async fn probe(&self) -> Answer {
        let probe = match Probe::parse(self.request.uri().query().unwrap_or_default()) {
            Ok(probe) => probe,
            Err(message) => return words(StatusCode::BAD_REQUEST, message),
        };
        let within = match self
            .request
            .headers()
            .get(SCRAPE_TIMEOUT)
            .map(|value| within(&String::from_utf8_lossy(value.as_bytes())))
        {
            None => MOST_WITHIN,
            Some(Ok(within)) => within,
            Some(Err(message)) => return words(StatusCode::BAD_REQUEST, message),
        };
        let Some(_place) = self.crowd.probe() else { return later("too many wait for a round") };
        let (reply, answer) = oneshot::channel();
        let order = Order::Probe { target: probe.target, within, reply };
        if self.site.orders.send(order).await.is_err() {
            return later("the daemon is stopping");
        }
        match answer.await {
            Ok(Ok(report)) => self.round(&report, probe.form),
            Ok(Err(ProbeRefusal::Unknown(name))) => unknown(&name),
            Ok(Err(refusal @ ProbeRefusal::StillRunning)) => words(StatusCode::GATEWAY_TIMEOUT, refusal.to_string()),
            Ok(Err(refusal @ ProbeRefusal::HeldBack)) => later(&refusal.to_string()),
            Ok(Err(refusal @ ProbeRefusal::Internal)) => words(StatusCode::INTERNAL_SERVER_ERROR, refusal.to_string()),
            Err(_) => later("the daemon is stopping"),
        }
    }

    fn round(&self, report: &Arc<Report>, form: Form) -> Answer {
        match form {
            Form::Metrics => {
                let format = accept::format(&self.header(&ACCEPT));
                let text = Exposition::Round(report.clone()).page(format);
                whole(StatusCode::OK, HeaderValue::from_static(format.content_type()), text)
            }
            Form::Json => whole(StatusCode::OK, JSON, render::json(report)),
            Form::Text => words(StatusCode::OK, render::text(report, &render::TextStyle::default()).to_string()),
        }
    }

    async fn reload(&self) -> Answer {
        let (reply, answer) = oneshot::channel();
        if self.site.orders.send(Order::Reload { reply }).await.is_err() {
            return later("the daemon is stopping");
        }
        match answer.await {
            Ok(Ok(())) => words(StatusCode::OK, "reloaded"),
            Ok(Err(message)) => words(StatusCode::INTERNAL_SERVER_ERROR, message),
            Err(_) => later("the daemon is stopping"),
        }
    }

    fn gzip(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if accept::gzip(&self.header(&ACCEPT_ENCODING)) { self.crowd.gzip() } else { None }
    }

    /// All values of a header as one list.
    fn header(&self, name: &HeaderName) -> String {
        let values = self.request.headers().get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>().join(",")
    }
}

/// That no target has the name.
fn unknown(name: &str) -> Answer {
    words(StatusCode::NOT_FOUND, ProbeRefusal::Unknown(shown(name)).to_string())
}

/// That it may go better in a moment.
fn later(message: &str) -> Answer {
    with(words(StatusCode::SERVICE_UNAVAILABLE, message), RETRY_AFTER, HeaderValue::from_static("1"))
}

fn with(mut answer: Answer, name: HeaderName, value: HeaderValue) -> Answer {
    answer.headers_mut().insert(name, value);
    answer
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
const PLACES: &str = "\
/metrics                    for Prometheus
/probe?target=NAME          a round of a configured target now, as metrics; &format=json or text
/api/v1/reports             the last report of every target, a JSON array
/api/v1/reports/NAME        the last report of one
/-/healthy and /-/ready     for supervisors
";
