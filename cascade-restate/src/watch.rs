//! Looking at a run from afar: asked again and again, less often while nothing happens.

use std::time::Duration;

use cascade_core::{Event, Progress, RunId};
use futures::{Stream, StreamExt, stream};

use crate::client::Client;
use crate::error::RestateError;
use crate::wire::{EventPage, ProgressAnswer, ProgressQuery, ProgressRecord};

/// The waits between two looks.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// A look at a run, that goes on.
pub(crate) struct Watch {
    client: Client,
    run: RunId,
    page: u32,
    wait: Option<Duration>,
    over: bool,
    /// Whether the run is known to be there.
    known: bool,
}

impl Watch {
    pub(crate) fn new(client: Client, run: RunId) -> Self {
        Self { client, run, page: 0, wait: None, over: false, known: false }
    }

    /// The next answer with something new in it; `None` after the last.
    async fn next(&mut self) -> Option<Result<ProgressAnswer, RestateError>> {
        while !self.over {
            if let Some(wait) = self.wait {
                tokio::time::sleep(wait).await;
            }
            let query = ProgressQuery { from_page: self.page };
            let target = Client::target(&self.run, "progress");
            let answer: ProgressAnswer = match self.client.ingress().call(&target, &query).await {
                Ok(answer) => answer,
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            };
            if answer.events.is_empty() && !answer.progress.over {
                self.wait = Some(self.wait.map_or(SHORTEST, |wait| (wait * 2).min(LONGEST)));
                if !self.known && answer.progress.pages == 0 && self.wait == Some(LONGEST) {
                    self.known = true;
                    if let Ok(None) = self.client.about(&self.run).await {
                        self.over = true;
                        return Some(Err(self.client.unknown(&self.run)));
                    }
                }
                continue;
            }
            self.page = answer.first_page + answer.events.len() as u32;
            let behind = self.page < answer.progress.pages;
            self.over = answer.progress.over && !behind;
            self.wait = (!behind).then_some(SHORTEST);
            return Some(Ok(answer));
        }
        None
    }

    pub(crate) fn progress(self) -> impl Stream<Item = Result<Progress, RestateError>> + Send {
        stream::unfold(self, |mut watch| async {
            let answer = watch.next().await?;
            Some((answer.map(|answer| progress_of(&answer.progress)), watch))
        })
    }

    pub(crate) fn events(self) -> impl Stream<Item = Result<Event, RestateError>> + Send {
        let graph = std::sync::Arc::clone(&self.client.workers.graph);
        let pages = stream::unfold(self, |mut watch| async { Some((watch.next().await?, watch)) });
        pages.flat_map(move |answer| {
            let events = match answer {
                Ok(answer) => {
                    let events = answer.events.into_iter().flat_map(EventPage::into_events);
                    events.filter_map(|event| event.into_event(&graph)).map(Ok).collect()
                }
                Err(error) => vec![Err(error)],
            };
            stream::iter(events)
        })
    }
}

/// How far a run is, as in one process.
pub(crate) fn progress_of(record: &ProgressRecord) -> Progress {
    Progress::new(record.phase, record.running, record.ended, record.instances)
}
