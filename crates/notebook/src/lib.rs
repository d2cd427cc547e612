//! The mentoring notebook: goals, actions, sessions and questions over Automerge documents.
