//! Stands for the engine: announces at once, as core does off the engine's thread, and gives each
//! job that it adopts a thread.

#[path = "../../../../core/src/engine/cancel.rs"]
#[allow(dead_code, unreachable_pub)] // core uses what a scenario does not
pub(crate) mod cancel;
#[path = "../../../../core/src/engine/inline_task.rs"]
#[allow(dead_code, unreachable_pub)]
pub(crate) mod inline_task;
#[path = "../../../../core/src/engine/queue.rs"]
#[allow(dead_code, unreachable_pub)]
pub(crate) mod queue;
#[path = "../../../../core/src/engine/task_set.rs"]
#[allow(dead_code, unreachable_pub)]
pub(crate) mod task_set;

pub(crate) mod inbox {
    use std::pin::Pin;

    pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

    pub(crate) struct Inbox;

    impl Inbox {
        pub fn adopt(&self, job: Job) {
            shuttle::thread::spawn(|| shuttle::future::block_on(job));
        }

        pub fn is_lone(&self) -> bool {
            true
        }

        /// Core's guard makes sockets the reactor's.
        pub fn enter(&self) -> impl Drop {
            struct Nothing;
            impl Drop for Nothing {
                fn drop(&mut self) {}
            }
            Nothing
        }
    }
}

pub(crate) mod announce {
    use std::sync::Arc;

    pub(crate) trait Consumer: Send + Sync {
        fn wake(&self);
    }

    pub(crate) fn announce<C: Consumer + 'static>(consumer: &Arc<C>, was_empty: bool) {
        if was_empty {
            consumer.wake();
        }
    }
}
