//! Lists of calls that show something about the code around them.

use rustc_hash::FxHashSet as HashSet;
use serde::Deserialize;
use ustr::Ustr;

/// What the calls of a list show about the code around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calls {
    /// They wait for time to pass or for work to come: an endless loop around one is a service.
    Waits,
    /// Of those that wait: they only let time pass. A loop around one that can end is a retry.
    Pauses,
    /// They serve until the program ends, and are no [`Server`].
    Forever,
    /// Of those that go on forever: they never do anything. Raced with something, they leave it to that.
    Idles,
    /// They make durable what a file was given; a buffer above it may still hold the rest.
    Syncs,
    /// They wait for what a person enters: a loop around one is a dialogue.
    Asks,
    /// They run a user interface until a person closes it.
    Windows,
    /// They open what they are given for the person at the machine: an address in the browser.
    Browses,
    /// They take the next connection: a loop around one is a server written by hand.
    Accepts,
    /// They hold their thread until something else happens or much is computed: on a worker of an async runtime all its tasks wait.
    Blocks,
    /// They panic where an async runtime runs already.
    PanicsInAsync,
    /// They tell people or log something: an error that reaches one is not swallowed.
    Tells,
    /// Of those that tell: they say how things go, and nobody is woken by them.
    Mentions,
    /// They set or count a metric.
    Measures,
    /// They have what they are given called on a worker of the runtime.
    OnWorker,
    /// They give one metric of a family by its labels, and make it where there is none with these yet.
    Labels,
    /// They take a metric out of its family again, or all that nobody has set for a while.
    ForgetsLabels,
    /// Types whose values are ids of single things, and are never used for two.
    Identifies,
    /// They change what a file is called by the system, not what is in it: its mode, its owner, its times.
    Adjusts,
    /// They give a value that names the process.
    NamesProcess,
    /// They make something that is made once, and fail where it is there: to try is to make sure.
    MakesOnce,
    /// They give a message to the peer of a connection: that the peer is gone is told by whatever is read from it next.
    Messages,
    /// They give all that a stream gives to what they are given, one by one.
    Forwards,
    /// Words in the names of functions, types and modules that report how a program is used to those who made it.
    CountsUse,
    /// Words in the names of functions that tell how many there are of something.
    TellsHowMany,
    /// Words in the names of functions and types that only spare work that is done again where they fail.
    SparesWork,
    /// Words of functions by which a cache agrees with what it stands for: it gives up what is old, or hands on what is new.
    SettlesCaches,
    /// Words in the names of functions that give a peer one message.
    GivesMessage,
    /// Programs that talk to a peer whenever they run, or with the argument that follows.
    NetworkPrograms,
    /// Programs that send a signal, ask the system for something or set it, and end by themselves: to kill one half way would be worse than to leave it.
    BriefPrograms,
    /// Programs that run what they are told.
    Shells,
    /// Words in the names of functions that take away what nobody wants any more, or only show something to a person.
    TakesAway,
    /// They tell what they are called on, by `true`, to fail where it would have to wait.
    Unblocks,
    /// Names of modes and times in which nothing is waited for.
    AtOnce,
    /// They ask whether what would be waited for is over.
    AsksIfOver,
    /// They set a flag to their first argument and give what it was.
    Swaps,
    /// They set a flag to their second argument where it was the first, and fail where it was not.
    SwapsIf,
    /// Levels of a log, as macros that tell are named after them.
    Levels,
    /// They look for something that has to be there, and fail where it is not.
    ExpectsOne,
    /// They are given what is run when a thread panics, or are methods of a trait that a log is written through.
    Logs,
    /// They end, or make the program end, within the time they are given.
    EndsWithin,
    /// They wait no longer than the time they are given.
    Deadlines,
    /// They keep their thread waiting for a moment, as for a small local file.
    BlocksBriefly,
    /// Of these the ones that take the longer the more there is to read or write.
    BySize,
    /// Types of streams that give what another program sends.
    Peers,
    /// They take what comes next out of a stream, or give what does so, and wait for it.
    TakesNext,
    /// They only look: when one fails, nothing that should have happened is missing.
    Looks,
    /// They ask whether a file or folder is there.
    AsksIfThere,
    /// They name the file or folder that a listing has given.
    NamesListed,
    /// They read what is in a file or folder.
    ReadsContents,
    /// They begin a request that only asks for something: what is sent with it changes nothing.
    Requests,
    /// They bound in time what they are given, or what they are laid around.
    BoundsTime,
    /// They wait for the first of the futures they are given, and drop the others.
    Races,
    /// They wait for all of the futures they are given.
    WaitsForAll,
    /// They add something to a collection.
    Grows,
    /// Those of `grows` whose first argument is a key or element that the collection has once.
    GrowsByKey,
    /// They take something away from a collection, or all of it.
    Shrinks,
    /// They take the entry that they are called on out of the collection that it is an entry of.
    TakesOutEntry,
    /// They take everything out of a collection at once, for somebody to do something with it.
    Empties,
    /// They put what they are given into what they are called on, in place of what was there.
    Keeps,
    /// They take what they are called on or given out of where it is: it ends with whatever is done with what they give.
    TakesOut,
    /// They tell the time, or how much of it has passed.
    Clocks,
    /// They drop what they are given by value, whatever they did with it before.
    Drops,
    /// They name the path that a server answers.
    Routes,
    /// They have a path answer requests that only ask for something, or change nothing in which requests it answers.
    Reads,
    /// They give another value each time.
    Unique,
    /// They give one of a few values that the program itself names, whatever they are called on; also types whose values are such.
    Settled,
    /// They make a text of all of what they are called on.
    SpellsOut,
    /// Types of whose values ever new ones come from outside.
    Countless,
    /// Types behind which several change the same value.
    Locks,
    /// They end the process, and no destructor runs.
    Exits,
    /// They do not come back, apart from [`Calls::Exits`].
    Diverges,
    /// They return an error from the function around them.
    Bails,
    /// They return an error from the function around them where something does not hold.
    Ensures,
    /// They learn that it is time to stop.
    Stops,
    /// They read a flag, which may be what tells to stop.
    Flags,
    /// They give the word to stop: the other half of [`Calls::Stops`].
    Orders,
    /// They wait for a signal of the system, whichever it is.
    Hears,
    /// They receive from a channel, and end with it.
    Receives,
    /// They wait for what comes next in a stream, and give `None` at once when that has ended.
    Streams,
    /// They take what has come from outside, or look whether it has, as the next item of a stream: a loop around one works, and makes no service by itself.
    Polls,
    /// They put something into a channel.
    Sends,
    /// They run something that a runtime waits for when it is dropped, however long that takes.
    HoldsRuntime,
    /// Are types of streams whose other end is in the same program.
    BothEndsHere,
    /// They wait for a datagram, which may have been lost.
    Datagrams,
    /// Errors that say no more than that nobody reads from a channel any more.
    Unheard,
    /// They give a word to all who listen for it, which may be the one to stop.
    Announces,
    /// They make a child process that is meant to live by itself.
    Daemonizes,
    /// They wait for a child process that nobody else has: who gives up the wait gives up the child.
    OwnsChild,
    /// They have a child process killed when it is dropped.
    KillsOnDrop,
    /// They end a process and do not wait until it is gone.
    Kills,
    /// They send a signal: what names it in their arguments does not listen to it.
    Signals,
    /// They give another handle of the task they are called on, which ends it as well.
    HandsOut,
    /// They ask what kind of error of the system something is.
    AsksForKind,
    /// They ask whether the thread is panicking.
    AsksForPanic,
    /// They ask whether there is a runtime.
    AsksForRuntime,
    /// They return at once, and what they are called on goes on working until it is stopped.
    Starts,
    /// They write into what they are called on or given.
    Writes,
    /// They wait for the tasks of a collection, or for the next of them to end.
    Joins,
    /// After a failure they fail again at once, for as long as its cause lasts.
    FailsAtOnce,
    /// They fail where the reader was too slow for what came, and go on with what is left when called again.
    Lags,
    /// They wait for the next message that is sent to a program, and may give more after they have failed.
    Consumes,
    /// They read what comes next and give how much that was: nothing, at once and for ever, where it has ended.
    Counts,
    /// Awaited, they serve one peer until that goes away.
    ServesOne,
    /// They give text, and fail at bytes that are none.
    Decodes,
    /// They ask another program for something: where nobody listens they fail at once.
    Refused,
    /// Derives that let `*` give the only field of a type, or the one that is marked `#[deref]`.
    Dereferences,
    /// Associated types: who has the trait stands for that type, as `*` would give it.
    StandsFor,
    /// Attributes of an enum that implement the traits they name by asking the variant.
    Dispatches,
    /// They wait for the first words of a peer, with no deadline of their own.
    Handshakes,
    /// They introduce the program to a peer that it turns to, and wait for its answer, with no deadline of their own.
    Introduces,
    /// They connect to a peer and give a stream of bytes, on which nothing ends a wait in time.
    Dials,
    /// They take several permits at once.
    TakesSeveral,
    /// They give a library something that it keeps in a global of its own.
    SetsGlobal,
    /// They wait for whichever child process ends, or learn that one has.
    Reaps,
    /// They keep what they are given, and what they give has no way to end it.
    KeepsToItself,
    /// They have what is built gather what it is given, and hand it on later.
    Gathers,
    /// They have what they are called on hand on each thing as it comes: nothing is left of it at the end.
    HandsOnAtOnce,
    /// Attributes that have the future of `main` driven by the thread of `main`, beside the workers of a runtime.
    KeepsMainApart,
    /// They set how much a client may send at once.
    LimitsBodies,
    /// They make a runtime that works on the thread that runs it, and starts no workers.
    StaysOnThread,
    /// They wait for the body of an answer, to its end.
    BringsBody,
    /// They give the next part of a body, or all of its parts one by one; whoever sends it may break it off.
    BringsPart,
    /// They give a text that whoever sends a request may make up, as its path is.
    AskedFor,
    /// Types and traits that only layers have to do with, through which requests come on their way to what answers them.
    ForLayers,
    /// They make a file for what they give, which stays when that is closed and keeps the next from being made.
    LeavesFile,
    /// Functions of a database that take a lock for the session, which stays until it is given back or the session ends.
    LocksSession,
    /// Functions of a database that give such a lock back.
    UnlocksSession,
    /// They ask for the addresses of a name, and give at once what is an address already.
    LooksUpNames,
    /// They go through all that a folder holds, however deep.
    Sweeps,
    /// They remove a file, or all that is in a folder, or put something else in its place.
    RemovesFile,
    /// They put what they are given in the place of what was in a file, or begin to.
    Replaces,
}

/// The calls of a list: by canonical path, or by the last part of any path.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Ustr>")]
pub struct CallList {
    paths: HashSet<Ustr>,
    /// Last parts; a trailing `*` stands for any ending.
    names: Vec<Ustr>,
}

impl From<Vec<Ustr>> for CallList {
    fn from(calls: Vec<Ustr>) -> Self {
        let mut list = CallList::default();
        list.extend(calls);
        list
    }
}

impl CallList {
    pub(super) fn extend(&mut self, calls: Vec<Ustr>) {
        let (paths, names): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.contains("::"));
        self.paths.extend(paths);
        self.names.extend(names);
    }

    /// Whether a call of this canonical path is one of them.
    pub fn contains(&self, path: Ustr) -> bool {
        let name = path.rsplit("::").next().unwrap_or(&path);
        let named = |known: &Ustr| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => known == name,
        };
        self.paths.contains(&path) || self.names.iter().any(named)
    }

    pub(super) fn contains_a_member(&self, owner: Ustr) -> bool {
        self.paths.iter().any(|path| path.rsplit_once("::").is_some_and(|(of, _)| of == owner.as_str()))
    }
}
