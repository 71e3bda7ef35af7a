//! The parameters of a module by name: the one way in which gradients, the optimizer's state and checkpoints find a weight.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Sees every parameter with its name.
pub(crate) trait NamedVisitor {
    /// `name` is the plain one, as in [`WeightSpec`](super::WeightSpec).
    fn visit<const D: usize>(&mut self, name: &str, parameter: &Param<Tensor<D>>);
}

/// Gives every parameter, by its name, another value.
pub(crate) trait NamedMapper {
    /// `name` is the plain one, as in [`WeightSpec`](super::WeightSpec).
    fn map<const D: usize>(&mut self, name: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>>;
}

/// Visits the parameters of `module`, which is the part `name` of a model; the model itself has no name.
pub(crate) fn visit_named(name: &str, module: &impl Module, visitor: &mut impl NamedVisitor) {
    module.visit(&mut Named::below(name, visitor));
}

/// Maps the parameters of a whole model.
pub(crate) fn map_named<M: Module>(model: M, mapper: &mut impl NamedMapper) -> M {
    model.map(&mut Named::below("", mapper))
}

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

impl<T: NamedMapper> ModuleMapper for Named<'_, T> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.name();
        self.inner.map(&name, parameter)
    }
}
