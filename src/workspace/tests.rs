//! Scratch projects on disk, and what discovery makes of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// A scratch folder that is its own repository, so that nothing around it has a say.
struct Project {
    folder: tempfile::TempDir,
}

/// A project of files and their texts; `Cargo.toml` texts may be left to [`package`].
fn project(files: &[(&str, &str)]) -> Project {
    let project = Project { folder: tempfile::tempdir().expect("a scratch folder") };
    fs::create_dir(project.path(".git")).expect("a repository");
    for (path, text) in files {
        project.write(path, text.as_bytes());
    }
    project
}

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n")
}

impl Project {
    /// The absolute path of something in the project, as discovery spells it.
    fn path(&self, below: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("the scratch folder").join(below)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, bytes).expect("a new file");
    }

    fn discover(&self, arguments: &[&str]) -> Workspace {
        self.discover_in("", arguments)
    }

    fn discover_in(&self, current: &str, arguments: &[&str]) -> Workspace {
        let arguments: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
        let workspace = discover(&arguments, &self.path(current)).expect("readable arguments");
        let paths: Vec<&Path> = workspace.sources.iter().map(|(_, file)| file.path.as_path()).collect();
        assert!(paths.is_sorted(), "files are sorted by path: {paths:?}");
        assert!(workspace.packages.is_sorted_by(|a, b| a.dir < b.dir), "packages are sorted by folder, each once");
        workspace
    }
}

fn names(workspace: &Workspace) -> Vec<&str> {
    workspace.packages.iter().map(|package| package.name.as_str()).collect()
}

fn roots(workspace: &Workspace, project: &Project) -> Vec<String> {
    workspace.roots.iter().map(|root| crate::source::display_path(&root.dir, &project.path(""))).collect()
}

/// `path [package]` of every Rust file.
fn files(workspace: &Workspace) -> Vec<String> {
    let owner = |file: &RustFile| file.package.map_or("-", |package| &workspace.packages[package].name);
    let shown = |file: &RustFile| format!("{} [{}]", workspace.sources.get(file.file).display, owner(file));
    workspace.rust_files.iter().map(shown).collect()
}

/// `Kind name path` of every target of the package.
fn target_lines(workspace: &Workspace, package: &str) -> Vec<String> {
    let package = workspace.packages.iter().find(|found| found.name == package).expect("the package");
    let shown =
        |target: &Target| format!("{:?} {} {}", target.kind, target.name, workspace.sources.get(target.root).display);
    package.targets.iter().map(shown).collect()
}

/// `path: message`, and the text the problem points at.
fn problems(workspace: &Workspace) -> Vec<String> {
    let place =
        |problem: &Problem| problem.span.map(|span| workspace.sources.get(span.file).slice(span.range()).to_owned());
    let shown = |problem: &Problem| {
        let pointed = place(problem).map(|text| format!(" <{text}>")).unwrap_or_default();
        format!("{}: {}{pointed}", problem.path, problem.message)
    };
    workspace.problems.iter().map(shown).collect()
}

fn selected(workspace: &Workspace) -> Vec<String> {
    let chosen = workspace.rust_files.iter().filter(|file| workspace.selects(file.file));
    chosen.map(|file| workspace.sources.get(file.file).display.clone()).collect()
}

#[test]
fn a_virtual_workspace_has_the_members_its_patterns_and_exclusions_leave() {
    let project = project(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\", \"tools/**\", \"app\"]\nexclude = [\"crates/old\", \"app\"]\n",
        ),
        ("app/Cargo.toml", &package("app")),
        ("app/src/main.rs", ""),
        ("crates/api/Cargo.toml", &package("api")),
        ("crates/api/src/lib.rs", ""),
        ("crates/old/Cargo.toml", &package("old")),
        ("crates/old/src/lib.rs", ""),
        ("crates/notes/readme.md", ""),
        ("tools/gen/deep/Cargo.toml", &package("gen")),
        ("tools/gen/deep/src/main.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(names(&workspace), ["app", "api", "gen"], "a member named word for word overrides the exclusion");
    assert_eq!(roots(&workspace, &project), [""]);
    assert_eq!(
        files(&workspace),
        ["app/src/main.rs [app]", "crates/api/src/lib.rs [api]", "tools/gen/deep/src/main.rs [gen]"]
    );
    assert_eq!(problems(&workspace), [""; 0], "an excluded package is nothing to tell");
    let manifests = workspace.sources.iter().filter(|(_, file)| file.display.ends_with("Cargo.toml"));
    assert_eq!(manifests.count(), 4, "the root and three members");
}

#[test]
fn default_members_do_not_narrow_the_workspace() {
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\ndefault-members = [\"a\"]\n"),
        ("a/Cargo.toml", &package("a")),
        ("b/Cargo.toml", &package("b")),
    ]);
    assert_eq!(names(&project.discover(&[])), ["a", "b"]);
}

#[test]
fn a_member_without_a_manifest_is_told_at_its_place_in_the_list() {
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"gone\", \"none/*\"]\n"),
        ("a/Cargo.toml", &package("a")),
        ("a/src/lib.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(names(&workspace), ["a"]);
    assert_eq!(problems(&workspace), ["Cargo.toml: the member `gone` has no `Cargo.toml` <\"gone\">"]);
}

#[test]
fn members_inherit_version_edition_and_toolchain() {
    let project = project(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.package]\nedition = \"2021\"\nversion = \"1.2.3\"\nrust-version = \"1.80\"\n",
        ),
        (
            "a/Cargo.toml",
            "[package]\nname = \"a\"\nedition.workspace = true\nversion.workspace = true\nrust-version.workspace = true\n",
        ),
        ("a/src/lib.rs", ""),
        ("b/Cargo.toml", "[package]\nname = \"b\"\nversion = \"0.2.0\"\n"),
        ("b/src/lib.rs", ""),
    ]);
    let workspace = project.discover(&["a"]);
    let [a, b] = &workspace.packages[..] else { panic!("two packages") };
    assert_eq!((a.edition, a.targets[0].edition), (Edition::E2021, Edition::E2021));
    assert_eq!((a.version.as_deref(), a.rust_version.as_deref()), (Some("1.2.3"), Some("1.80")));
    assert_eq!((b.edition, b.version.as_deref(), b.rust_version.as_deref()), (Edition::E2015, Some("0.2.0"), None));
}

#[test]
fn dependencies_are_renamed_inherited_locked_and_linked_to_members() {
    let project = project(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"core-lib\"]\n[workspace.dependencies]\n\
             core-lib = { path = \"core-lib\" }\nhttp-client = { package = \"reqwest\", version = \"0.12\", features = [\"json\"] }\n",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\ncore-lib.workspace = true\n\
             http-client = { workspace = true, optional = true, features = [\"gzip\"] }\nold_http = { package = \"http\", version = \"0.2\" }\nhttp = \"1\"\n\
             [dev-dependencies]\nkernel = { package = \"core-lib\", path = \"../core-lib\" }\n\
             [target.'cfg(unix)'.dependencies]\nsignal-hook = \"0.3\"\n[build-dependencies]\nlost.workspace = true\n",
        ),
        ("app/src/main.rs", ""),
        ("core-lib/Cargo.toml", "[package]\nname = \"core-lib\"\nversion = \"3.0.0\"\n[lib]\nname = \"heart\"\n"),
        ("core-lib/src/lib.rs", ""),
        (
            "Cargo.lock",
            "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"http 0.2.12\", \"http 1.1.0\", \"reqwest\"]\n\
             [[package]]\nname = \"core-lib\"\nversion = \"3.0.0\"\n[[package]]\nname = \"http\"\nversion = \"0.2.12\"\n\
             [[package]]\nname = \"http\"\nversion = \"1.1.0\"\n[[package]]\nname = \"reqwest\"\nversion = \"0.12.9\"\n",
        ),
    ]);
    let workspace = project.discover(&[]);
    let shown = |dependency: &Dependency| {
        let Dependency { extern_name, package, kind, requirement, locked, member, optional, features } = dependency;
        let (requirement, locked) = (requirement.as_deref().unwrap_or("-"), locked.as_deref().unwrap_or("-"));
        format!("{kind:?} {extern_name}={package} {requirement} {locked} {member:?} {optional} {features:?}")
    };
    assert_eq!(
        workspace.packages[0].dependencies.iter().map(shown).collect::<Vec<_>>(),
        [
            "Normal heart=core_lib - 3.0.0 Some(1) false []",
            "Normal http=http 1 1.1.0 None false []",
            "Normal http_client=reqwest 0.12 0.12.9 None true [\"gzip\", \"json\"]",
            "Normal old_http=http 0.2 0.2.12 None false []",
            "Normal signal_hook=signal_hook 0.3 - None false []",
            "Dev kernel=core_lib - 3.0.0 Some(1) false []",
        ]
    );
    assert_eq!(problems(&workspace), ["app/Cargo.toml: no workspace around this package names `lost` <lost>"]);
}

#[test]
fn a_patch_by_path_is_what_is_analysed() {
    let project = project(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"store\"]\n\
             [patch.crates-io]\nstore = { path = \"store\" }\nkept = { package = \"vendored\", path = \"vendor/vendored\" }\nremote = { git = \"https://example.org/remote\" }\n\
             [patch.\"https://example.org/forked\"]\nforked = { path = \"vendor/forked\" }\n",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\n[dependencies]\nstore = \"3\"\nvendored = \"1\"\nremote = \"1\"\n\
             forked = { git = \"https://example.org/forked\" }\nother = { package = \"forked\", git = \"https://example.org/other\" }\n",
        ),
        ("app/src/main.rs", ""),
        ("store/Cargo.toml", &package("store")),
        ("store/src/lib.rs", ""),
        ("vendor/vendored/Cargo.toml", &package("vendored")),
        ("vendor/vendored/src/lib.rs", ""),
        ("vendor/forked/Cargo.toml", &package("forked")),
        ("vendor/forked/src/lib.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    let members: Vec<_> =
        workspace.packages[0].dependencies.iter().map(|found| (found.extern_name.as_str(), found.member)).collect();
    assert_eq!(names(&workspace), ["app", "store", "forked", "vendored"]);
    assert_eq!(
        members,
        [("forked", Some(2)), ("other", None), ("remote", None), ("store", Some(1)), ("vendored", Some(3))],
        "another repository's package of the same name is not patched"
    );
}

#[test]
fn targets_are_inferred_from_file_names() {
    let project = project(&[
        ("Cargo.toml", &package("my-app")),
        ("build.rs", ""),
        ("src/lib.rs", ""),
        ("src/main.rs", ""),
        ("src/bin/one.rs", ""),
        ("src/bin/two/main.rs", ""),
        ("src/bin/two/part.rs", ""),
        ("src/bin/none/part.rs", ""),
        ("tests/api.rs", ""),
        ("tests/common/mod.rs", ""),
        ("benches/speed.rs", ""),
        ("examples/show/main.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(
        target_lines(&workspace, "my-app"),
        [
            "Lib my_app src/lib.rs",
            "Bin my-app src/main.rs",
            "Bin one src/bin/one.rs",
            "Bin two src/bin/two/main.rs",
            "Test api tests/api.rs",
            "Bench speed benches/speed.rs",
            "Example show examples/show/main.rs",
            "BuildScript build-script-build build.rs",
        ]
    );
    assert_eq!(workspace.rust_files.len(), 11, "what is no target's root may be its module");
}

#[test]
fn declared_targets_come_before_inferred_ones() {
    let project = project(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nedition = \"2024\"\nautobins = false\nautotests = false\nbuild = \"make/gen.rs\"\n\
             [lib]\nname = \"derive\"\npath = \"code/macros.rs\"\nproc-macro = true\n\
             [[bin]]\nname = \"app\"\n[[bin]]\nname = \"tool\"\n[[bin]]\nname = \"far\"\npath = \"./code/../code/far.rs\"\nedition = \"2021\"\n\
             [[bin]]\nname = \"lost\"\n[[bench]]\nname = \"fast\"\npath = \"benches/speed.rs\"\n",
        ),
        ("make/gen.rs", ""),
        ("build.rs", ""),
        ("code/macros.rs", ""),
        ("code/far.rs", ""),
        ("src/main.rs", ""),
        ("src/bin/tool.rs", ""),
        ("src/bin/other.rs", ""),
        ("tests/api.rs", ""),
        ("benches/speed.rs", ""),
        ("benches/size.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(
        target_lines(&workspace, "app"),
        [
            "ProcMacro derive code/macros.rs",
            "Bin app src/main.rs",
            "Bin far code/far.rs",
            "Bin tool src/bin/tool.rs",
            "Bench fast benches/speed.rs",
            "Bench size benches/size.rs",
            "BuildScript build-script-gen make/gen.rs",
        ]
    );
    assert_eq!(workspace.packages[0].targets[2].edition, Edition::E2021);
    assert_eq!(problems(&workspace), ["Cargo.toml: the binary `lost` has no source file <\"lost\">"]);
}

#[test]
fn a_target_that_needs_a_feature_is_built_on_request_unless_that_is_on() {
    let manifest = "[package]\nname = \"app\"\n[features]\ndefault = [\"net\"]\nnet = [\"tls\"]\ntls = []\nlab = []\n\
                    [[bin]]\nname = \"app\"\nrequired-features = [\"tls\"]\n\
                    [[bin]]\nname = \"lab\"\nrequired-features = [\"net\", \"lab\"]\n";
    let project = project(&[("Cargo.toml", manifest), ("src/main.rs", ""), ("src/bin/lab.rs", "")]);
    let workspace = project.discover(&[]);
    let on_request: Vec<_> = workspace.packages[0].targets.iter().map(|t| (t.name.as_str(), t.on_request)).collect();
    assert_eq!(on_request, [("app", false), ("lab", true)]);
}

#[test]
fn in_edition_2015_one_declared_target_ends_the_inference() {
    let manifest = "[package]\nname = \"old\"\n[[bin]]\nname = \"one\"\npath = \"src/one.rs\"\n";
    let project = project(&[("Cargo.toml", manifest), ("src/one.rs", ""), ("src/main.rs", ""), ("tests/t.rs", "")]);
    assert_eq!(target_lines(&project.discover(&[]), "old"), ["Bin one src/one.rs", "Test t tests/t.rs"]);
}

#[test]
fn a_file_of_a_member_stands_for_the_whole_workspace_but_only_it_is_reported() {
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n"),
        ("a/Cargo.toml", &package("a")),
        ("a/src/lib.rs", ""),
        ("a/src/deep/part.rs", ""),
        ("b/Cargo.toml", &package("b")),
        ("b/src/lib.rs", ""),
    ]);
    let workspace = project.discover_in("a", &["src/deep/part.rs"]);
    assert_eq!(names(&workspace), ["a", "b"]);
    assert_eq!(roots(&workspace, &project), [""]);
    assert_eq!(selected(&workspace), ["src/deep/part.rs"], "shown relative to the current folder");
    assert_eq!(selected(&project.discover(&["a/src"])), ["a/src/deep/part.rs", "a/src/lib.rs"]);
    assert_eq!(selected(&project.discover(&["b", "a/src/lib.rs"])), ["a/src/lib.rs", "b/src/lib.rs"]);
    assert_eq!(
        project.discover_in("a/src/deep", &[]).rust_files.len(),
        3,
        "without arguments the workspace around is linted"
    );
    assert_eq!(selected(&project.discover_in("a/src/deep", &[])).len(), 3);
}

#[test]
fn a_nested_package_is_not_swallowed_and_is_told_or_asked_for() {
    let project = project(&[
        ("Cargo.toml", &package("outer")),
        ("src/lib.rs", ""),
        ("fixtures/one/Cargo.toml", &package("one")),
        ("fixtures/one/src/main.rs", ""),
        ("fixtures/space/Cargo.toml", "[workspace]\nmembers = [\"two\"]\n"),
        ("fixtures/space/two/Cargo.toml", &package("two")),
        ("fixtures/space/two/src/lib.rs", ""),
        ("fixtures/outer_file.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(files(&workspace), ["fixtures/outer_file.rs [outer]", "src/lib.rs [outer]"]);
    assert_eq!(
        problems(&workspace),
        [
            "Cargo.toml: not members of this workspace, though below it: `fixtures/one`, `fixtures/space`, `fixtures/space/two`"
        ]
    );

    let workspace = project.discover(&["."]);
    let nested = ["fixtures/one/src/main.rs [one]", "fixtures/space/two/src/lib.rs [two]"];
    let own = ["fixtures/outer_file.rs [outer]", "src/lib.rs [outer]"];
    assert_eq!(files(&workspace), [nested[0], own[0], nested[1], own[1]], "the folder is what is asked for");
    assert_eq!(problems(&workspace), [""; 0]);

    let workspace = project.discover(&["fixtures/one"]);
    assert_eq!(files(&workspace), ["fixtures/one/src/main.rs [one]"], "its own root, not the outer package's");
    let workspace = project.discover(&["fixtures/space/two/src/lib.rs"]);
    assert_eq!((roots(&workspace, &project), names(&workspace)), (vec!["fixtures/space".to_owned()], vec!["two"]));
}

#[test]
fn a_plain_folder_stands_for_all_workspaces_and_packages_its_files_are_in() {
    let project = project(&[
        ("one/Cargo.toml", &package("one")),
        ("one/src/lib.rs", ""),
        ("more/space/Cargo.toml", "[workspace]\nmembers = [\"two\", \"three\"]\n"),
        ("more/space/two/Cargo.toml", &package("two")),
        ("more/space/two/src/lib.rs", ""),
        ("more/space/three/Cargo.toml", &package("three")),
        ("more/space/three/src/lib.rs", ""),
        ("script.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(roots(&workspace, &project), ["", "more/space", "one"]);
    assert_eq!(names(&workspace), ["three", "two", "one"]);
    assert_eq!(workspace.roots[0].manifest, None, "the loose file's folder");
    assert_eq!(problems(&workspace), [".: no `Cargo.toml` here or above"]);
    assert_eq!(files(&workspace).last().map(String::as_str), Some("script.rs [-]"));
    assert_eq!(names(&project.discover(&["more"])), ["three", "two"]);
}

#[test]
fn a_folder_of_fixtures_below_a_package_stands_for_the_fixtures() {
    let project = project(&[
        ("Cargo.toml", &package("outer")),
        ("src/lib.rs", ""),
        ("fixtures/one/Cargo.toml", &package("one")),
        ("fixtures/one/src/main.rs", ""),
        ("docs/page.md", ""),
    ]);
    assert_eq!(names(&project.discover(&["fixtures"])), ["one"]);
    assert_eq!(names(&project.discover(&["docs"])), ["outer"], "nothing to report there, but no reason to complain");
}

#[test]
fn a_package_may_point_at_its_workspace_and_an_excluded_one_stands_alone() {
    let project = project(&[
        ("ws/Cargo.toml", "[workspace]\nmembers = [\"../far\", \"near\"]\nexclude = [\"near/alone\"]\n"),
        ("ws/near/Cargo.toml", &package("near")),
        ("ws/near/src/lib.rs", ""),
        ("ws/near/alone/Cargo.toml", &package("alone")),
        ("ws/near/alone/src/lib.rs", ""),
        ("far/Cargo.toml", "[package]\nname = \"far\"\nworkspace = \"../ws\"\n"),
        ("far/src/lib.rs", ""),
        ("lost/Cargo.toml", "[package]\nname = \"lost\"\nworkspace = \"../nowhere\"\n"),
        ("lost/src/lib.rs", ""),
    ]);
    assert_eq!(names(&project.discover(&["far/src/lib.rs"])), ["far", "near"]);
    assert_eq!(names(&project.discover(&["ws/near/alone"])), ["alone"]);
    let workspace = project.discover(&["lost"]);
    assert_eq!(names(&workspace), ["lost"]);
    assert_eq!(problems(&workspace), ["lost/Cargo.toml: there is no workspace at `../nowhere` <\"../nowhere\">"]);
}

#[test]
fn path_dependencies_join_the_workspace_or_at_least_the_analysis() {
    let outside = tempfile::tempdir().expect("a scratch folder");
    fs::write(outside.path().join("Cargo.toml"), package("foreign")).expect("a new file");
    let foreign = outside.path().to_string_lossy().replace('\\', "/");
    let project = project(&[
        (
            "app/Cargo.toml",
            &format!(
                "[workspace]\n[package]\nname = \"app\"\n[dependencies]\nbelow = {{ path = \"below\" }}\n\
                 [dev-dependencies]\nbeside = {{ path = \"../beside\" }}\nforeign = {{ path = \"{foreign}\" }}\ngone = {{ path = \"../gone\" }}\n"
            ),
        ),
        ("app/src/main.rs", ""),
        ("app/below/Cargo.toml", &package("below")),
        ("app/below/src/lib.rs", ""),
        ("beside/Cargo.toml", "[package]\nname = \"beside\"\n[dependencies]\nfurther = { path = \"../further\" }\n"),
        ("beside/src/lib.rs", ""),
        ("further/Cargo.toml", &package("further")),
        ("further/src/lib.rs", ""),
    ]);
    let workspace = project.discover(&["app"]);
    assert_eq!(
        names(&workspace),
        ["app", "below", "beside", "further"],
        "the rest of the repository, nothing outside of it"
    );
    assert_eq!(selected(&workspace), ["app/below/src/lib.rs", "app/src/main.rs"]);
    assert_eq!(
        problems(&workspace),
        ["app/Cargo.toml: the dependency `gone` has no `Cargo.toml` at its path <{ path = \"../gone\" }>"]
    );
    let members: Vec<_> =
        workspace.packages[0].dependencies.iter().map(|found| (found.extern_name.as_str(), found.member)).collect();
    assert_eq!(members, [("below", Some(1)), ("beside", Some(2)), ("foreign", None), ("gone", None)]);
    assert_eq!(
        names(&project.discover(&["app/below/src/lib.rs"])),
        ["app", "below", "beside", "further"],
        "a member by its path alone"
    );
}

#[test]
fn a_broken_manifest_is_told_at_its_place_and_the_rest_is_linted() {
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\n"),
        ("a/Cargo.toml", "[package]\nname = \"alpha\"\nedition = \"2024\nversion = \"1.0.0\"\n"),
        ("a/src/main.rs", ""),
        ("a/src/part.rs", ""),
        ("b/Cargo.toml", &package("b")),
        ("b/src/lib.rs", ""),
        ("c/Cargo.toml", "[package]\nname = \"c\"\nautobins = \"never\"\n"),
        ("c/src/main.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(
        files(&workspace).iter().map(|line| line.split(' ').next().unwrap_or_default()).collect::<Vec<_>>(),
        ["a/src/main.rs", "a/src/part.rs", "b/src/lib.rs", "c/src/main.rs"]
    );
    assert!(workspace.rust_files.iter().all(|file| file.package.is_some()));
    assert_eq!(target_lines(&workspace, "c"), ["Bin c src/main.rs".replace("src", "c/src")]);
    assert_eq!(workspace.packages[0].targets.len(), 1, "guessed from the file beside it");
    assert_eq!(workspace.packages[2].edition, Edition::E2021, "guessed");
    let places: Vec<_> = workspace
        .problems
        .iter()
        .map(|problem| {
            let span = problem.span.expect("a place");
            let file = workspace.sources.get(span.file);
            (
                file.display.as_str(),
                file.position(span.start).line,
                problem.message.split(':').next().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        places,
        [("a/Cargo.toml", 3, "this manifest is broken"), ("c/Cargo.toml", 3, "this manifest is broken")]
    );
    assert_eq!(
        workspace
            .sources
            .get(workspace.problems[1].span.expect("a place").file)
            .slice(workspace.problems[1].span.expect("a place").range()),
        "\"never\""
    );
}

#[test]
fn places_in_a_manifest_count_byte_order_marks_and_carriage_returns() {
    let project = project(&[
        ("Cargo.toml", "\u{feff}[workspace]\r\nmembers = [\"café\", \"gone\"]\r\n"),
        ("café/Cargo.toml", "\u{feff}[package]\r\n# é\r\nname = \"cafe\"\r\nautobins = 3\r\n"),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(
        problems(&workspace),
        [
            "Cargo.toml: the member `gone` has no `Cargo.toml` <\"gone\">",
            "café/Cargo.toml: this manifest is broken: invalid type: integer `3`, expected a boolean <3>",
        ]
    );
}

#[test]
fn a_broken_workspace_has_every_package_below_as_a_member() {
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \n[workspace.package]\nedition = \"2024\"\n"),
        ("a/Cargo.toml", &package("a")),
        ("a/src/lib.rs", ""),
        ("deep/b/Cargo.toml", &package("b")),
        ("deep/b/src/lib.rs", ""),
    ]);
    for arguments in [&[][..], &["a/src/lib.rs"]] {
        let workspace = project.discover(arguments);
        assert_eq!((roots(&workspace, &project), names(&workspace)), (vec![String::new()], vec!["a", "b"]));
        assert_eq!(workspace.problems.len(), 1, "{:?}", workspace.problems);
        assert!(workspace.problems[0].span.is_some());
    }
}

#[test]
fn a_manifest_that_is_no_text_is_told_and_guessed() {
    let project = project(&[("src/lib.rs", "")]);
    project.write("Cargo.toml", b"[package]\nname = \"\xff\"\n");
    let workspace = project.discover(&[]);
    assert_eq!(problems(&workspace), ["Cargo.toml: not valid UTF-8 from byte 18 on"]);
    assert_eq!(workspace.packages[0].targets.len(), 1);
}

#[test]
fn a_broken_lock_file_leaves_versions_unknown() {
    let manifest = format!("{}[dependencies]\ntokio = \"1\"\n", package("app"));
    let project = project(&[("Cargo.toml", &manifest), ("src/main.rs", ""), ("Cargo.lock", "<<<<<<< ours\n")]);
    let workspace = project.discover(&[]);
    assert_eq!(workspace.packages[0].dependencies[0].locked, None);
    assert_eq!(workspace.problems.len(), 1);
    assert_eq!(workspace.problems[0].path, "Cargo.lock");
}

#[test]
fn ignore_files_hide_folders_and_files_and_bring_some_back() {
    let project = project(&[
        (".git/info/exclude", "secret.rs\n"),
        (".gitignore", "/generated\n*.gen.rs\n**/bin\n"),
        ("app/.gitignore", "!keep.gen.rs\nlocal/\n"),
        ("app/Cargo.toml", &package("app")),
        ("app/src/lib.rs", ""),
        ("app/src/secret.rs", ""),
        ("app/src/a.gen.rs", ""),
        ("app/src/keep.gen.rs", ""),
        ("app/local/x.rs", ""),
        ("app/src/target/mod.rs", ""),
        ("app/target/debug/x.rs", ""),
        ("app/other-target/CACHEDIR.TAG", ""),
        ("app/other-target/x.rs", ""),
        ("app/.hidden/x.rs", ""),
        ("app/vendor/dep/.cargo-checksum.json", ""),
        ("app/vendor/dep/lib.rs", ""),
        ("app/src/bin/run/main.rs", ""),
        ("app/src/bin/run/part.rs", ""),
        ("generated/Cargo.toml", &package("generated")),
    ]);
    let workspace = project.discover_in("app", &[]);
    assert_eq!(
        files(&workspace),
        [
            "src/bin/run/main.rs [app]",
            "src/bin/run/part.rs [app]",
            "src/keep.gen.rs [app]",
            "src/lib.rs [app]",
            "src/target/mod.rs [app]"
        ],
        "a target's folder is read although `bin` is ignored"
    );
    let named = project.discover_in("app", &["src/a.gen.rs", "local"]);
    assert_eq!(selected(&named), ["local/x.rs", "src/a.gen.rs"], "what an argument names is read");
}

#[test]
fn a_linked_worktree_takes_its_exclusions_from_the_main_one() {
    let project = project(&[
        (".git/info/exclude", "secret.rs\n"),
        (".git/worktrees/side/commondir", "../..\n"),
        ("side/Cargo.toml", &package("side")),
        ("side/src/lib.rs", ""),
        ("side/src/secret.rs", ""),
    ]);
    let pointer = format!("gitdir: {}\n", project.path(".git/worktrees/side").display());
    project.write("side/.git", pointer.as_bytes());
    assert_eq!(files(&project.discover(&["side"])), ["side/src/lib.rs [side]"]);
}

#[test]
fn files_without_a_manifest_are_read_on_their_own() {
    let project = project(&[("scripts/a.rs", "fn main() {}\n"), ("scripts/b.rs", ""), ("scripts/deep/c.rs", "")]);
    let workspace = project.discover(&["scripts"]);
    assert_eq!(files(&workspace), ["scripts/a.rs [-]", "scripts/b.rs [-]", "scripts/deep/c.rs [-]"]);
    assert_eq!(problems(&workspace), ["scripts: no `Cargo.toml` here or above"]);
    let workspace = project.discover(&["scripts/a.rs"]);
    assert_eq!(files(&workspace), ["scripts/a.rs [-]"]);
    assert_eq!(workspace.roots, [Root { dir: project.path("scripts"), manifest: None }]);
}

#[test]
fn files_of_a_workspace_that_no_package_claims_are_told() {
    let project = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("a/Cargo.toml", &package("a")),
        ("a/src/lib.rs", ""),
        ("scripts/release.rs", ""),
    ]);
    let workspace = project.discover(&[]);
    assert_eq!(files(&workspace), ["a/src/lib.rs [a]", "scripts/release.rs [-]"]);
    assert_eq!(problems(&workspace), ["Cargo.toml: no package claims `scripts/release.rs`"]);
}

#[test]
fn files_that_are_no_text_or_too_large_are_told_and_skipped() {
    let project = project(&[("Cargo.toml", &package("app")), ("src/lib.rs", "\u{feff}//! ok\r\n")]);
    project.write("src/latin.rs", b"// caf\xe9\n");
    project.write("src/table.rs", &vec![b'\n'; read::LARGEST as usize + 1]);
    fs::create_dir(project.path("src/folder.rs")).expect("a new folder");
    let workspace = project.discover(&[]);
    assert_eq!(files(&workspace), ["src/lib.rs [app]"]);
    assert_eq!(
        problems(&workspace),
        ["src/latin.rs: not valid UTF-8 from byte 6 on", "src/table.rs: larger than 4 MiB"]
    );
    let text = &workspace.sources.get(workspace.rust_files[0].file).text;
    assert_eq!(&**text, "\u{feff}//! ok\r\n", "the text as it is on disk");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_inside_the_project_only_and_never_in_circles() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().expect("a scratch folder");
    fs::write(outside.path().join("private.rs"), "").expect("a new file");
    let project = project(&[("Cargo.toml", &package("app")), ("src/lib.rs", ""), ("shared/part.rs", "")]);
    symlink(project.path("src"), project.path("src/again")).expect("a link");
    symlink(project.path("shared"), project.path("src/shared")).expect("a link");
    symlink(outside.path(), project.path("src/outside")).expect("a link");
    symlink(outside.path().join("private.rs"), project.path("build.rs")).expect("a link");
    symlink(project.path("nowhere.rs"), project.path("src/dead.rs")).expect("a link");
    symlink(project.path("nowhere"), project.path("src/dead")).expect("a link");
    let workspace = project.discover(&[]);
    assert_eq!(files(&workspace), ["shared/part.rs [app]", "src/lib.rs [app]", "src/shared/part.rs [app]"]);
    assert_eq!(
        problems(&workspace),
        [
            "build.rs: this path leads out of the project",
            "src/again: a symbolic link leads back to a folder above it",
            "src/dead.rs: a symbolic link leads nowhere",
            "src/outside: this path leads out of the project",
        ]
    );
}

#[test]
fn an_argument_that_does_not_exist_ends_the_run() {
    let project = project(&[("Cargo.toml", &package("app")), ("src/lib.rs", "")]);
    let error = discover(&["src/gone.rs".into()], &project.path("")).expect_err("no such file");
    assert_eq!(error.to_string(), "`src/gone.rs` does not exist");
    assert!(miette::Diagnostic::help(&error).is_some());
}
