//! The parameters of a module by name: the one way in which gradients, the optimizer's state and checkpoints find a weight.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::Model;

/// Sees every parameter with its name.
pub(crate) trait NamedVisitor {
    /// `name` is the plain one, as in [`WeightSpec`](super::WeightSpec).
    fn visit<const D: usize>(&mut self, name: &str, parameter: &Param<Tensor<D>>);
}

/// A parameter without its graph, as one row.
pub(crate) struct Row {
    pub values: Tensor<1>,
    /// Whether gradients are taken of it.
    pub is_trained: bool,
}

/// Visits the parameters of `module`, which is the part `name` of a model; the model itself has no name.
pub(crate) fn visit_named(name: &str, module: &impl Module, visitor: &mut impl NamedVisitor) {
    module.visit(&mut Named::below(name, visitor));
}

/// Gives every parameter of a whole model, by its plain name, another value. Not generic in what `map` does: the framework makes a copy
/// of a mapper's code for each rank of a tensor, and the page downloads all of them.
pub(crate) fn map_named(model: Model, map: &mut dyn FnMut(&str, Row) -> Row) -> Model {
    model.map(&mut Named::below("", &mut Mapper(map)))
}

struct Mapper<'a>(&'a mut dyn FnMut(&str, Row) -> Row);

/// Keeps the way through the modules, of which the names are made.
struct Named<'a, T> {
    path: Vec<String>,
    inner: &'a mut T,
}

impl<'a, T> Named<'a, T> {
    fn below(name: &str, inner: &'a mut T) -> Self {
        Self { path: vec![name.to_owned()], inner }
    }

    fn enter(&mut self, name: &str, container: &str) {
        // The kind of a block is no part of the names of its weights.
        let is_kind = container.starts_with("Enum:");
        self.path.push(if is_kind { String::new() } else { name.to_owned() });
    }

    #[inline(never)]
    fn name(&self) -> String {
        let parts: Vec<&str> = self.path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(".")
    }
}

impl<T: NamedVisitor> ModuleVisitor for Named<'_, T> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let name = self.name();
        self.inner.visit(&name, parameter);
    }
}

impl ModuleMapper for Named<'_, Mapper<'_>> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.name();
        parameter.map(|weight| {
            let (shape, is_trained) = (weight.dims(), weight.is_require_grad());
            let values = weight.inner().reshape([shape.iter().product::<usize>()]);
            let row = (self.inner.0)(&name, Row { values, is_trained });
            Tensor::from_inner(row.values.reshape(shape)).set_require_grad(row.is_trained)
        })
    }
}
