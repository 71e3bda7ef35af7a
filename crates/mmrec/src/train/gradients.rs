//! Gradients by the names of their parameters.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor};

use crate::model::{NamedVisitor, WeightSpec, visit_named};

/// One row for each parameter that is trained, by name.
pub type Gradients = BTreeMap<String, Tensor<1>>;

/// Takes the gradients of what is trained in `module`, the part `name` of a model (the model itself: ""), out of those of a graph.
pub(super) fn take_gradients(name: &str, module: &impl Module, of: &mut burn::tensor::Gradients) -> Gradients {
    struct Take<'a>(&'a mut burn::tensor::Gradients, Gradients);
    impl NamedVisitor for Take<'_> {
        fn visit<const D: usize>(&mut self, name: &str, parameter: &Param<Tensor<D>>) {
            let weight = parameter.base();
            if !weight.is_require_grad() {
                return;
            }
            let count: usize = weight.dims().iter().product();
            let gradient = weight.grad_remove(self.0).map(|gradient| gradient.reshape([count]));
            // A text too short for a level of the hierarchy leaves that level's bias without a gradient.
            let gradient = gradient.unwrap_or_else(|| Tensor::zeros([count], &weight.device().inner()));
            self.1.insert(name.to_owned(), gradient);
        }
    }
    let mut take = Take(of, Gradients::new());
    visit_named(name, module, &mut take);
    take.1
}

/// The sum of both, parameter by parameter, in f32.
pub(super) fn add(a: Gradients, b: Gradients) -> Gradients {
    join(a, b, |a, b| a + b)
}

/// Both as one, parameter by parameter, in f32; they are of the same parameters.
pub(super) fn join(a: Gradients, mut b: Gradients, with: impl Fn(Tensor<1>, Tensor<1>) -> Tensor<1>) -> Gradients {
    let pair = |(name, a): (String, Tensor<1>)| {
        let b = b.remove(&name).expect("both are of the same parameters");
        (name, with(a.cast(DType::F32), b.cast(DType::F32)))
    };
    a.into_iter().map(pair).collect()
}

/// The rows in the order of `specs`, which name them all.
pub(super) fn into_rows(mut gradients: Gradients, specs: &[WeightSpec]) -> Vec<Tensor<1>> {
    specs.iter().map(|spec| gradients.remove(&spec.name).expect("a row of every parameter")).collect()
}
