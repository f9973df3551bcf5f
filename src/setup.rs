//! How is it set up? What account A can see of the documented six steps, each fact known or with why it cannot be seen.

mod policy;

pub use policy::Policy;
