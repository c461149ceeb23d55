import DrillModel
import Foundation

@testable import DrillEngines

/// A module for Redis of our own, compiled for a test: values of type `firedrill`, of a number, a real and a text, and a
/// number beside the records, before and after them.
///
/// Source of the calls: Redis documentation, "Modules API for native types"; of the layout of the methods: redis 7.0
/// src/redismodule.h.
enum TestModule {
  enum Manner: String {
    case faithful = ""
    /// Writes more than it read, as another version of a module may.
    case rewriting = "-DREWRITING"
    /// Refuses every value.
    case refusing = "-DREFUSING"
  }

  /// Returns the module's path; nil, said aloud, where there is no C compiler.
  static func compiled(in folder: String, _ manner: Manner = .faithful) async throws -> String? {
    guard let compiler = ["cc", "clang", "gcc"].lazy.compactMap({ SandboxTools.executable($0) }).first else {
      print("modules were not tried: there is no C compiler")
      return nil
    }
    let name = "\(folder)/module\(manner.rawValue)"
    try source.write(toFile: name + ".c", atomically: true, encoding: .utf8)
    let options = manner == .faithful ? [] : [manner.rawValue]
    let launch = ChildProcess.Launch(
      executable: compiler, arguments: options + ["-shared", "-fPIC", "-o", name + ".so", name + ".c"],
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
    return try await ChildProcess.with(launch) { child in
      guard await child.waitForEnd() == .exited(0) else {
        throw DrillError(.serverFailed, detail: "the test's module does not compile: \(child.lines)")
      }
      return name + ".so"
    }
  }

  private static let source = """
    #include <stdint.h>
    #include <stdlib.h>
    #include <string.h>
    typedef struct Ctx Ctx; typedef struct Str Str; typedef struct Key Key; typedef struct IO IO; typedef struct Type Type;
    typedef struct { long long number; double real; char *text; size_t length; } Value;
    struct Methods {
      uint64_t version;
      void *(*load)(IO *, int); void (*save)(IO *, void *); void *rewrite, *memory, *digest; void (*free)(void *);
      int (*loadBeside)(IO *, int, int); void (*saveBeside)(IO *, int); int whenBeside;
    };
    static int (*Api)(const char *, void *);
    static int (*Attributes)(Ctx *, const char *, int, int);
    static int (*Command)(Ctx *, const char *, int (*)(Ctx *, Str **, int), const char *, int, int, int);
    static Type *(*NewType)(Ctx *, const char *, int, struct Methods *);
    static Key *(*Open)(Ctx *, Str *, int);
    static void (*Close)(Key *);
    static int (*Set)(Key *, Type *, void *);
    static int (*Number)(const Str *, long long *);
    static int (*Real)(const Str *, double *);
    static const char *(*Text)(const Str *, size_t *);
    static int (*Reply)(Ctx *, const char *);
    static int (*Arity)(Ctx *);
    static void (*SaveSigned)(IO *, int64_t); static int64_t (*LoadSigned)(IO *);
    static void (*SaveDouble)(IO *, double); static double (*LoadDouble)(IO *);
    static void (*SaveText)(IO *, const char *, size_t); static char *(*LoadText)(IO *, size_t *);
    static void (*Free)(void *);
    static Type *type;

    static void *load(IO *io, int version) {
      Value *value = calloc(1, sizeof *value);
      size_t length;
      value->number = LoadSigned(io);
      value->real = LoadDouble(io);
      char *text = LoadText(io, &length);
      value->text = memcpy(malloc(length + 1), text, length);
      value->length = length;
      Free(text);
    #ifdef REFUSING
      return NULL;
    #endif
      return value;
    }
    static void save(IO *io, void *held) {
      Value *value = held;
      SaveSigned(io, value->number);
      SaveDouble(io, value->real);
      SaveText(io, value->text, value->length);
    #ifdef REWRITING
      SaveSigned(io, 1);
    #endif
    }
    static void forget(void *held) { free(((Value *)held)->text); free(held); }
    static int loadBeside(IO *io, int version, int when) { LoadSigned(io); return 0; }
    static void saveBeside(IO *io, int when) { SaveSigned(io, when); }
    static int set(Ctx *ctx, Str **words, int count) {
      if (count != 5) return Arity(ctx);
      Value *value = calloc(1, sizeof *value);
      size_t length;
      Number(words[2], &value->number);
      Real(words[3], &value->real);
      const char *text = Text(words[4], &length);
      value->text = memcpy(malloc(length + 1), text, length);
      value->length = length;
      Key *key = Open(ctx, words[1], 3);
      Set(key, type, value);
      Close(key);
      return Reply(ctx, "OK");
    }
    int RedisModule_OnLoad(Ctx *ctx, Str **words, int count) {
      Api = (int (*)(const char *, void *))((void **)ctx)[0];
      Api("RedisModule_SetModuleAttribs", &Attributes); Api("RedisModule_CreateCommand", &Command);
      Api("RedisModule_CreateDataType", &NewType); Api("RedisModule_OpenKey", &Open); Api("RedisModule_CloseKey", &Close);
      Api("RedisModule_ModuleTypeSetValue", &Set); Api("RedisModule_StringToLongLong", &Number);
      Api("RedisModule_StringToDouble", &Real); Api("RedisModule_StringPtrLen", &Text);
      Api("RedisModule_ReplyWithSimpleString", &Reply); Api("RedisModule_WrongArity", &Arity);
      Api("RedisModule_SaveSigned", &SaveSigned); Api("RedisModule_LoadSigned", &LoadSigned);
      Api("RedisModule_SaveDouble", &SaveDouble); Api("RedisModule_LoadDouble", &LoadDouble);
      Api("RedisModule_SaveStringBuffer", &SaveText); Api("RedisModule_LoadStringBuffer", &LoadText);
      Api("RedisModule_Free", &Free);
      Attributes(ctx, "firedrill", 1, 1);
      struct Methods methods = {2, load, save, 0, 0, 0, forget, loadBeside, saveBeside, 3};
      type = NewType(ctx, "firedrill", 1, &methods);
      return type && Command(ctx, "fd.set", set, "write", 1, 1, 1) == 0 ? 0 : 1;
    }
    """
}
