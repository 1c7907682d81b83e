// python_module: gym/pacing_env for Python, by the stable C interface of CPython 3.8: one binary for all later versions.
//
// bandstand_gym._core.PacingEnv(**options) with reset(seed) -> observation and step(actions) -> (observation, reward,
// terminated, campaigns). Spaces, checks and Gymnasium's interface are in python/bandstand_gym/__init__.py.
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03080000
#include <Python.h>

#include <memory>
#include <string>
#include <vector>

#include "gym/pacing_env.h"

namespace {

using bandstand::gym::PacingEnv;
using bandstand::gym::PacingEnvOptions;

struct PyEnv {
  PyObject_HEAD
  PacingEnv* env;
};

PacingEnv*& env_of(PyObject* self) { return reinterpret_cast<PyEnv*>(self)->env; }

PyObject* raise(const bandstand::base::Error& error) {
  PyErr_SetString(error.code == bandstand::base::Code::invalid_input ? PyExc_ValueError : PyExc_RuntimeError, error.what);
  return nullptr;
}

bandstand::base::Error not_made() { return bandstand::base::fail(bandstand::base::Code::conflict, "PacingEnv was not made"); }

/// Any sequence of numbers. False, with Python's error set, for anything else.
bool read_numbers(PyObject* object, std::vector<double>& out) {
  const Py_ssize_t size = PySequence_Size(object);
  if (size < 0) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* item = PySequence_GetItem(object, i);
    if (item == nullptr) return false;
    out.push_back(PyFloat_AsDouble(item));
    Py_DECREF(item);
    if (PyErr_Occurred() != nullptr) return false;
  }
  return true;
}

PyObject* tuple_of(const std::vector<float>& values) {
  PyObject* out = PyTuple_New(static_cast<Py_ssize_t>(values.size()));
  for (std::size_t i = 0; out != nullptr && i < values.size(); ++i) {
    PyTuple_SetItem(out, static_cast<Py_ssize_t>(i), PyFloat_FromDouble(static_cast<double>(values[i])));
  }
  return out;
}

int env_init(PyObject* self, PyObject* args, PyObject* keywords) {
  static const char* const kNames[] = {"daily_budgets", "windows", "requests_per_window", "day_night_ratio", "shock_window",
                                       "shock_factor",  "base",    "step_max",            nullptr};
  PacingEnvOptions options;
  PyObject* budgets = nullptr;
  const char* base = options.base.c_str();
  if (PyArg_ParseTupleAndKeywords(args, keywords, "O|iddidsd", const_cast<char**>(kNames), &budgets, &options.windows,
                                  &options.requests_per_window, &options.day_night_ratio, &options.shock_window,
                                  &options.shock_factor, &base, &options.step_max) == 0) {
    return -1;
  }
  options.base = std::string(base);
  options.daily_budgets.clear();
  if (!read_numbers(budgets, options.daily_budgets)) return -1;
  auto made = PacingEnv::make(options);
  if (!made) {
    raise(made.error());
    return -1;
  }
  delete env_of(self);
  env_of(self) = made->release();
  return 0;
}

void env_free(PyObject* self) {
  delete env_of(self);
  PyTypeObject* type = Py_TYPE(self);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

PyObject* env_reset(PyObject* self, PyObject* args) {
  unsigned long long seed = 0;
  if (PyArg_ParseTuple(args, "K", &seed) == 0) return nullptr;
  if (env_of(self) == nullptr) return raise(not_made());
  return tuple_of(env_of(self)->reset(seed));
}

PyObject* env_step(PyObject* self, PyObject* args) {
  PyObject* actions = nullptr;
  std::vector<double> steps;
  if (PyArg_ParseTuple(args, "O", &actions) == 0 || !read_numbers(actions, steps)) return nullptr;
  if (env_of(self) == nullptr) return raise(not_made());
  const auto step = env_of(self)->step(steps);
  if (!step) return raise(step.error());
  PyObject* campaigns = PyTuple_New(static_cast<Py_ssize_t>(step->campaigns.size()));
  for (std::size_t i = 0; campaigns != nullptr && i < step->campaigns.size(); ++i) {
    const auto& c = step->campaigns[i];
    PyTuple_SetItem(campaigns, static_cast<Py_ssize_t>(i),
                    Py_BuildValue("{s:d,s:d,s:d,s:d,s:d}", "spent", c.spent, "impressions", c.impressions, "offers", c.offers,
                                  "mu", c.mu, "budget_left", c.budget_left));
  }
  return Py_BuildValue("(NdNN)", tuple_of(step->observation), step->reward, PyBool_FromLong(step->terminated ? 1 : 0),
                       campaigns);
}

PyMethodDef methods[] = {{"reset", env_reset, METH_VARARGS, "reset(seed) -> observation"},
                         {"step", env_step, METH_VARARGS, "step(actions) -> (observation, reward, terminated, campaigns)"},
                         {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_init, reinterpret_cast<void*>(env_init)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(env_free)},
                       {Py_tp_methods, methods},
                       {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                       {0, nullptr}};

PyType_Spec spec = {"bandstand_gym._core.PacingEnv", sizeof(PyEnv), 0, Py_TPFLAGS_DEFAULT, slots};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__core() {
  PyObject* made = PyModule_Create(&module);
  PyObject* type = PyType_FromSpec(&spec);
  if (made == nullptr || type == nullptr || PyModule_AddObject(made, "PacingEnv", type) < 0) return nullptr;
  PyModule_AddIntConstant(made, "FEATURES", static_cast<long>(bandstand::agents::bid::kControlFeatures));
  return made;
}
