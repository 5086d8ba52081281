//! Watches a run: asks for its progress repeatedly, less often while nothing changes.

use std::sync::Arc;
use std::time::Duration;

use cascade_core::{Event, Progress, RunId};
use futures::{Stream, StreamExt, stream};

use crate::client::Client;
use crate::error::RestateError;
use crate::event_page::EventPage;
use crate::names::run_target;
use crate::wire::{ProgressAnswer, ProgressQuery, ProgressRecord};

/// The delays between two questions.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

impl Client {
    /// The progress of a run, until its end.
    pub fn progress(&self, run: &RunId) -> impl Stream<Item = Result<Progress, RestateError>> + Send + use<> {
        stream::unfold(Watch::new(self.clone(), run.clone()), |mut watch| async {
            let answer = watch.next().await?;
            Some((answer.map(|answer| progress_of(&answer.progress)), watch))
        })
    }

    /// The events of a run, from its start to its end. Of a very large run only the last events are kept.
    pub fn events(&self, run: &RunId) -> impl Stream<Item = Result<Event, RestateError>> + Send + use<> {
        let graph = Arc::clone(&self.workers.graph);
        let watch = Watch::new(self.clone(), run.clone());
        let pages = stream::unfold(watch, |mut watch| async { Some((watch.next().await?, watch)) });
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

    /// The progress of a run when it last reported.
    pub async fn progress_now(&self, run: &RunId) -> Result<Progress, RestateError> {
        Ok(progress_of(&self.progress_record(run).await?))
    }
}

fn progress_of(record: &ProgressRecord) -> Progress {
    Progress::new(record.phase, record.running, record.ended, record.instances)
}

/// The position in the events of a run.
struct Watch {
    client: Client,
    run: RunId,
    /// The next page of events.
    page: u32,
    delay: Option<Duration>,
    over: bool,
    /// Whether Restate was asked if the run exists.
    asked: bool,
}

impl Watch {
    fn new(client: Client, run: RunId) -> Self {
        Self { client, run, page: 0, delay: None, over: false, asked: false }
    }

    /// The next answer with new events, or `None` after the last.
    async fn next(&mut self) -> Option<Result<ProgressAnswer, RestateError>> {
        while !self.over {
            if let Some(delay) = self.delay {
                tokio::time::sleep(delay).await;
            }
            let answer = match self.ask().await {
                Ok(answer) => answer,
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            };
            if answer.events.is_empty() && !answer.progress.over {
                self.delay = Some(self.delay.map_or(SHORTEST, |delay| (delay * 2).min(LONGEST)));
                continue;
            }
            self.page = answer.first_page + answer.events.len() as u32;
            let behind = self.page < answer.progress.pages;
            self.over = answer.progress.over && !behind;
            self.delay = (!behind).then_some(SHORTEST);
            return Some(Ok(answer));
        }
        None
    }

    async fn ask(&mut self) -> Result<ProgressAnswer, RestateError> {
        let query = ProgressQuery { from_page: self.page };
        let target = run_target(&self.run, "progress");
        let answer: ProgressAnswer = self.client.ingress().call(&target, &query).await?;
        // A run that does not exist looks like one that has not begun. So Restate is asked, once, after some time.
        let silent = answer.progress.pages == 0 && !answer.progress.over;
        if silent && self.delay == Some(LONGEST) && !self.asked {
            self.asked = true;
            if self.client.about(&self.run).await?.is_none() {
                return Err(self.client.unknown(&self.run));
            }
        }
        Ok(answer)
    }
}
