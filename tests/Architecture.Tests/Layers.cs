using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Pipeline.Architecture.Tests;

/// <summary>The rules of the layers, as functions from an assembly to the sentences that say where it breaks them.</summary>
internal static class Layers
{
    private static readonly string[] _infrastructureLibraries = ["Npgsql", "Microsoft.AspNetCore", "Pipeline.DuckDb", "System.Net.Http"];

    /// <summary>Domain uses nothing of the other layers and no library of the outside world.</summary>
    public static IEnumerable<string> DomainViolations(ModuleDefinition module) =>
        from type in TypesOf(module, "Domain")
        from used in UsedNamespaces(type)
        where IsLayer(used, module, "Application") || IsLayer(used, module, "Infrastructure") || IsLibrary(used, [.. _infrastructureLibraries, "MediatR", "FluentValidation", "Pipeline.Lake", "Pipeline.EventLog"])
        select $"{type.FullName} (Domain) uses {used}";

    /// <summary>Application knows ports, not what implements them.</summary>
    public static IEnumerable<string> ApplicationViolations(ModuleDefinition module) =>
        from type in TypesOf(module, "Application")
        from used in UsedNamespaces(type)
        where IsLayer(used, module, "Infrastructure") || IsLibrary(used, ["Npgsql", "Microsoft.AspNetCore"])
        select $"{type.FullName} (Application) uses {used}";

    /// <summary>Public are the contracts, the module class, its options and the enums of these; the rest is the module's own.</summary>
    public static IEnumerable<string> VisibilityViolations(ModuleDefinition module) =>
        from type in module.Types
        where type.IsPublic && type.Namespace != RootOf(module) + ".Contracts" && !type.Namespace.StartsWith(RootOf(module) + ".Contracts.", StringComparison.Ordinal)
            && !(type.Namespace == RootOf(module) && (type.IsEnum || type.Name.EndsWith("Module", StringComparison.Ordinal) || type.Name.EndsWith("Options", StringComparison.Ordinal)))
        select $"{type.FullName} is public";

    /// <summary>Modules see each other through contracts only.</summary>
    public static IEnumerable<string> NeighbourViolations(ModuleDefinition module, IReadOnlyCollection<string> moduleRoots) =>
        from type in AllTypes(module)
        from used in UsedNamespaces(type)
        let neighbour = moduleRoots.FirstOrDefault(root => root != RootOf(module) && (used == root || used.StartsWith(root + ".", StringComparison.Ordinal)))
        where neighbour is not null && used != neighbour + ".Contracts" && !used.StartsWith(neighbour + ".Contracts.", StringComparison.Ordinal)
        select $"{type.FullName} uses {used}";

    /// <summary>Technical building blocks hold no business.</summary>
    public static IEnumerable<string> PlatformViolations(ModuleDefinition module, IReadOnlyCollection<string> moduleRoots) =>
        from reference in module.AssemblyReferences
        where moduleRoots.Contains(reference.Name)
        select $"{module.Assembly.Name.Name} references {reference.Name}";

    /// <summary>Use cases are the module's own: handlers and validators are internal and sealed.</summary>
    public static IEnumerable<string> HandlerViolations(ModuleDefinition module) =>
        from type in AllTypes(module)
        where !type.IsAbstract && (type.Interfaces.Any(i => i.InterfaceType.Name is "IRequestHandler`2" or "INotificationHandler`1") || type.BaseType?.Name == "AbstractValidator`1")
        where !type.IsSealed || type.IsPublic
        select $"{type.FullName} is not internal sealed";

    private static string RootOf(ModuleDefinition module) => module.Assembly.Name.Name;

    private static bool IsLayer(string used, ModuleDefinition module, string layer) =>
        used == $"{RootOf(module)}.{layer}" || used.StartsWith($"{RootOf(module)}.{layer}.", StringComparison.Ordinal);

    private static bool IsLibrary(string used, string[] libraries) =>
        libraries.Any(library => used == library || used.StartsWith(library + ".", StringComparison.Ordinal));

    private static IEnumerable<TypeDefinition> TypesOf(ModuleDefinition module, string layer) => AllTypes(module).Where(t => IsLayer(NamespaceOf(t), module, layer));

    private static IEnumerable<TypeDefinition> AllTypes(ModuleDefinition module) => module.GetTypes().Where(t => NamespaceOf(t).Length > 0);

    private static string NamespaceOf(TypeReference type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return type.Namespace;
    }

    private static HashSet<string> UsedNamespaces(TypeDefinition type)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        Add(type.BaseType);
        foreach (var contract in type.Interfaces)
            Add(contract.InterfaceType);
        foreach (var field in type.Fields)
            Add(field.FieldType);
        foreach (var method in type.Methods)
            AddMethod(method);
        return used;

        void AddMethod(MethodDefinition method)
        {
            Add(method.ReturnType);
            foreach (var parameter in method.Parameters)
                Add(parameter.ParameterType);
            if (!method.HasBody)
                return;
            foreach (var variable in method.Body.Variables)
                Add(variable.VariableType);
            foreach (var instruction in method.Body.Instructions)
                AddOperand(instruction);
        }

        void AddOperand(Instruction instruction)
        {
            if (instruction.Operand is TypeReference reference)
                Add(reference);
            else if (instruction.Operand is MemberReference member)
            {
                Add(member.DeclaringType);
                if (member is MethodReference call)
                    Add(call.ReturnType);
            }
        }

        void Add(TypeReference? reference)
        {
            if (reference is null)
                return;
            if (reference is GenericInstanceType generic)
            {
                foreach (var argument in generic.GenericArguments)
                    Add(argument);
            }

            var name = NamespaceOf(reference.GetElementType());
            if (name.Length > 0)
                used.Add(name);
        }
    }
}
