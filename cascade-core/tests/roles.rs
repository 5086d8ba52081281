//! Two references from one resource to another are two edges, told apart by their roles.

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{Declare, FindContext, Plan};

#[derive(Resource)]
#[resource(id = String)]
struct Folder;

#[derive(Resource)]
#[resource(id = String)]
struct Project;

/// The calls of effects: the effect, the project, its folders, and its folders along the edge `git_root`.
type Calls = Arc<Mutex<Vec<(&'static str, String, Vec<String>, Vec<String>)>>>;

#[derive(Extension)]
struct Folders;

#[cascade(resource = "Folder", edges = [])]
impl Folders {
    #[on(Delete)]
    async fn remove(&self, _folders: &[String]) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Extension)]
struct Projects {
    calls: Calls,
}

/// The project `website` lies in the folder `team`, and its repository is in the folder `git`. The project `docs` has both in
/// `team`.
#[cascade(resource = "Project", edges = [Folder, git_root: Folder])]
impl Projects {
    #[affected(by = Folder)]
    async fn in_folders(&self, folders: &[String]) -> Result<Vec<(String, String)>, StepError> {
        Ok(found(folders, &[("team", "website"), ("team", "docs")]))
    }

    #[affected(by = git_root)]
    async fn with_roots(
        &self,
        folders: &[String],
        _cx: &FindContext,
    ) -> Result<Vec<(String, String)>, StepError> {
        Ok(found(folders, &[("git", "website"), ("team", "docs")]))
    }

    #[on(Delete)]
    #[on(Delete, from = [Folder])]
    async fn remove(&self, projects: &[String], cx: &StepContext) -> Result<(), StepError> {
        self.note("remove", projects, cx);
        Ok(())
    }

    #[on(Delete, from = [git_root], leaf)]
    async fn detach(&self, projects: &[String], cx: &StepContext) -> Result<(), StepError> {
        self.note("detach", projects, cx);
        Ok(())
    }
}

impl Projects {
    fn note(&self, effect: &'static str, projects: &[String], cx: &StepContext) {
        for project in projects {
            let (all, roots) =
                (cx.parents_of::<Folder>(project), cx.parents_along::<Folder>("git_root", project));
            assert_eq!(cx.parents_named::<String>("Folder", project), Some(all.clone()));
            assert_eq!(cx.parents_along_named::<String>("Folder", "git_root", project), Some(roots.clone()));
            assert_eq!(cx.parents_along_named::<String>("Folder", "owner", project), None);
            assert!(cx.parents_along::<Folder>("owner", project).is_empty());
            self.calls.lock().unwrap().push((effect, project.clone(), all, roots));
        }
    }
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test)
}

fn found(folders: &[String], pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let asked = pairs.iter().filter(|(folder, _)| folders.iter().any(|asked| asked == folder));
    asked.map(|(folder, project)| ((*folder).to_owned(), (*project).to_owned())).collect()
}

fn forge() -> (Cascade, Calls) {
    let calls = Calls::default();
    let projects = Projects { calls: Arc::clone(&calls) };
    let builder = Cascade::builder().declare(Folders, <Folders as Declare>::declare());
    (builder.declare(projects, <Projects as Declare>::declare()).build().unwrap(), calls)
}

fn plan(folders: &[&str]) -> (Cascade, Calls, Plan) {
    let (cascade, calls) = forge();
    let plan = block_on(cascade.plan(Delete, Folder::roots(folders.iter().copied()))).unwrap();
    (cascade, calls, plan)
}

#[test]
fn each_role_has_its_own_finder_and_rule() {
    let (_, _, plan) = plan(&["git"]);
    insta::assert_snapshot!(plan, @r"
    Delete Folder git: 2 instances of 2 resources
    Folder                  1  remove
    └── Project (git_root)  1  detach
    ");
}

#[test]
fn a_plan_shows_the_role_of_an_edge() {
    let (_, _, plan) = plan(&["git", "team"]);
    insta::assert_snapshot!(plan, @r"
    Delete Folder git, team: 4 instances of 2 resources
    Folder                  2  remove
    ├── Project             2  remove, detach
    └── Project (git_root)  2  remove, detach
    ");
    insta::assert_snapshot!(plan.why::<Project>(&String::from("website")).unwrap(), @r"
    Project website: remove, detach
      Folder team → Project website: remove
      Folder git → Project website (git_root): detach
    ");
}

#[test]
fn methods_ask_for_the_parents_along_all_edges_or_along_one() {
    let (cascade, calls, plan) = plan(&["git", "team"]);
    assert!(block_on(async { cascade.apply(plan).await }).unwrap().is_complete());
    let mut calls = std::mem::take(&mut *calls.lock().unwrap());
    calls.sort();
    let strings = |folders: &[&str]| folders.iter().map(|folder| (*folder).to_owned()).collect::<Vec<_>>();
    let call = |effect, project: &str, all: &[&str], roots: &[&str]| {
        (effect, project.to_owned(), strings(all), strings(roots))
    };
    let both = ["git", "team"];
    assert_eq!(
        calls,
        [
            call("detach", "docs", &["team"], &["team"]),
            call("detach", "website", &both, &["git"]),
            call("remove", "docs", &["team"], &["team"]),
            call("remove", "website", &both, &["git"]),
        ]
    );
}

#[test]
fn the_graph_and_its_version_tell_roles_apart() {
    let (cascade, _) = forge();
    let roles: Vec<Option<&str>> = cascade.graph().edges().map(|edge| edge.role).collect();
    assert_eq!(roles, [None, Some("git_root")]);
    insta::assert_snapshot!(cascade.graph().tree_of::<Delete>("Folder").unwrap(), @r"
    Folder: remove
    ├── Project: remove
    └── Project (git_root): detach
    ");
}

#[cfg(feature = "document")]
#[test]
fn documents_show_roles() {
    use cascade_core::document::Format;

    let (cascade, _) = forge();
    let document = cascade.graph().document();
    insta::assert_snapshot!(document.whole().to(Format::Text).unwrap(), @r"
    Folder
    ├── Project
    └── Project (git_root)
    ");
    let from_folder = document.view(Some("Folder"), Some("Delete")).unwrap();
    insta::assert_snapshot!(from_folder.to(Format::Mermaid).unwrap(), @r#"
    flowchart TD
        r_Folder["Folder"]
        r_Project["Project"]
        r_Folder -->|"remove"| r_Project
        r_Folder -->|"git_root: detach (leaf)"| r_Project
        style r_Folder stroke-width:3px
    "#);
    insta::assert_snapshot!(document.to_matrix(), @r"
    | from | to | Delete |
    | --- | --- | --- |
    | *the root* | Folder | `remove` |
    | *the root* | Project | `remove` |
    | Folder | Project | `remove` |
    | Folder (`git_root`) | Project | `detach (leaf)` |
    ");
    let svg = from_folder.to(Format::Svg).unwrap();
    assert!(svg.contains("remove, git_root: detach (leaf)"), "{svg}");
    let json = document.to_json().unwrap();
    assert_eq!(json.matches(r#""role": "git_root""#).count(), 1, "{json}");
}
