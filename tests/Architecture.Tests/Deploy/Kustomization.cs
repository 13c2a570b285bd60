namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>A folder of manifests with what it builds on: its objects, the settings it generates, and what is wrong with its list of files.</summary>
internal sealed class Kustomization
{
    private Kustomization(string folder) => Folder = folder;

    public string Folder { get; }

    public List<object?> Objects { get; } = [];

    /// <summary>The settings of ConfigMap pipeline.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>The images by the names that manifests use.</summary>
    public Dictionary<string, string> Images { get; } = [];

    public List<string> Faults { get; } = [];

    /// <summary>Reads a folder; a change is made to the text of each file.</summary>
    public static Kustomization Read(string folder, Func<string, string>? change = null)
    {
        var result = new Kustomization(folder);
        result.Load(folder, change ?? (text => text));
        return result;
    }

    private void Load(string folder, Func<string, string> change)
    {
        var file = Yaml.Read(change(File.ReadAllText(Path.Combine(folder, "kustomization.yaml"))));
        var listed = new HashSet<string> { "kustomization.yaml" };
        foreach (var resource in file.Texts("resources"))
        {
            var path = Path.GetFullPath(Path.Combine(folder, resource));
            listed.Add(resource);
            if (Directory.Exists(path))
                Load(path, change);
            else if (File.Exists(path))
                Objects.AddRange(Yaml.ReadAll(change(File.ReadAllText(path))));
            else
                Faults.Add($"{folder}: {resource} is listed and not there");
        }

        foreach (var generator in file.Items("configMapGenerator"))
        {
            foreach (var env in generator.Texts("envs"))
            {
                listed.Add(env);
                AddSettings(change(File.ReadAllText(Path.Combine(folder, env))).Split('\n').Where(l => l.Length > 0 && l[0] != '#'));
            }

            AddSettings(generator.Texts("literals"));
        }

        foreach (var image in file.Items("images"))
            Images[image.Text("name")!] = $"{image.Text("newName")}:{image.Text("newTag")}";
        foreach (var patch in file.Items("patches").Select(p => p.Text("patch")!))
            Patch(Yaml.Read(patch));
        foreach (var unlisted in Directory.EnumerateFiles(folder).Select(Path.GetFileName).Except(listed))
            Faults.Add($"{folder}: {unlisted} is not listed");
    }

    private void AddSettings(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            Settings[line[..line.IndexOf('=', StringComparison.Ordinal)]] = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..];
    }

    /// <summary>What a patch is for must be there; those that delete are carried out.</summary>
    private void Patch(object? patch)
    {
        var targets = Objects.Where(o => o.Text("kind") == patch.Text("kind") && o.Text("metadata.name") == patch.Text("metadata.name")).ToList();
        if (targets.Count != 1)
            Faults.Add($"{Folder}: a patch is for {patch.Text("kind")} {patch.Text("metadata.name")}, which is not there");
        if (patch.Text("$patch") == "delete")
            Objects.RemoveAll(targets.Contains);
    }
}
