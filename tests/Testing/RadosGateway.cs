using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// A real S3 server for tests, Ceph's RADOS gateway on loopback, as a class or collection fixture. All fixtures of a test process share one, which ends with
/// the last of them, also when the process is killed. Where <c>PIPELINE_TEST_S3</c> names a server (<c>Endpoint=...;AccessKey=...;SecretKey=...</c>), that is used.
/// Tests are skipped by <see cref="SkipUnlessThere"/> where there is none.
/// </summary>
public sealed class RadosGateway : IAsyncLifetime
{
    private const string Variable = "PIPELINE_TEST_S3";
    private const string Bucket = "pipeline-tests";

    private static readonly string[] _programs = ["radosgw", "ceph-mon", "ceph-osd", "ceph", "monmaptool", "radosgw-admin"];
    private static readonly SharedServer<Gateway> _shared = new(Gateway.StartAsync);

    private readonly List<TempDirectory> _caches = [];
    private Gateway? _server;

    /// <summary>Why there is no server; null where there is one.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>The server's address.</summary>
    public string Endpoint => Part("Endpoint");

    /// <summary>The access key.</summary>
    public string AccessKey => Part("AccessKey");

    /// <summary>The secret key.</summary>
    public string SecretKey => Part("SecretKey");

    /// <summary>Skips the test where there is no server.</summary>
    public static void SkipUnlessThere() => Skip.If(Missing is not null, Missing);

    /// <summary>The connection string of an empty lake: a prefix of its own, and a folder of its own for copies, that the fixture removes.</summary>
    /// <param name="settings">More settings, as <c>PartBytes=5242880</c>.</param>
    public string NewLake(params string[] settings) => Lake(Guid.NewGuid().ToString("N"), settings);

    /// <summary>The connection string of a lake by its prefix, with a new folder for copies: another machine's view of it.</summary>
    public string Lake(string prefix, params string[] settings) => string.Join(
        ';',
        [
            _server?.Address ?? throw new InvalidOperationException("The fixture was not initialised, or there is no server."),
            $"Bucket={Bucket}", $"Prefix={prefix}", "CreateBucket=true", $"CacheFolder={NewCache()}", .. settings,
        ]);

    /// <summary>The address of an object or folder in a lake, as other readers take it.</summary>
    public Uri Url(string lake, string path) => new($"{Endpoint}/{Bucket}/{Value(lake, "Prefix")}/{path}");

    /// <summary>Whether a connection string names a bucket, in the form that <see cref="NewLake"/> gives.</summary>
    public static bool IsBucket(string lake) => lake.StartsWith("Endpoint=", StringComparison.OrdinalIgnoreCase);

    /// <summary>Copies all objects of a lake into a folder, without the product's code: what a lake in a folder would be.</summary>
    public static async Task MirrorAsync(string lake, string folder)
    {
        var config = new AmazonS3Config { ServiceURL = Value(lake, "Endpoint"), ForcePathStyle = true, AuthenticationRegion = "us-east-1" };
        config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
        config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        using var client = new AmazonS3Client(new BasicAWSCredentials(Value(lake, "AccessKey"), Value(lake, "SecretKey")), config);
        var prefix = Value(lake, "Prefix") + "/";
        var pages = client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Bucket, Prefix = prefix });
        await foreach (var found in pages.S3Objects)
        {
            var file = Path.Combine(folder, found.Key[prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            using var response = await client.GetObjectAsync(Bucket, found.Key);
            await using var content = File.Create(file);
            await response.ResponseStream.CopyToAsync(content);
        }
    }

    /// <summary>A setting of a connection string.</summary>
    public static string Value(string connectionString, string name) => connectionString.Split(';')
        .Single(p => p.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..];

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        if (Missing is not null)
            return;
        _server = await _shared.AcquireAsync();
    }

    /// <inheritdoc />
    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _shared.ReleaseAsync();
        _server = null;

        foreach (var cache in _caches)
            cache.Dispose();
    }

    private string NewCache()
    {
        var cache = new TempDirectory();
        lock (_caches)
            _caches.Add(cache);
        return cache.FullPath;
    }

    private static string? FindMissing()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)))
            return null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var missing = _programs.Where(p => !folders.Any(f => File.Exists(Path.Combine(f, p)))).ToList();
        return missing.Count == 0
            ? null
            : $"needs an S3 server: {string.Join(", ", missing)} not installed (radosgw ceph-mon ceph-osd ceph-common), and {Variable} names none";
    }

    private string Part(string name) => Value(_server!.Address, name);

    private sealed class Gateway(string address, TempDirectory? directory) : IAsyncDisposable
    {
        public string Address { get; } = address;

        public static async Task<Gateway> StartAsync()
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
                return new Gateway(given, null);
            var directory = new TempDirectory();
            var printed = await RunAsync("start.sh", directory.FullPath, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            var line = printed.Split('\n').Single(l => l.StartsWith(Variable + "=", StringComparison.Ordinal));
            return new Gateway(line[(Variable.Length + 1)..].Trim('\''), directory);
        }

        public async ValueTask DisposeAsync()
        {
            if (directory is null)
                return;
            await RunAsync("stop.sh", directory.FullPath);
            directory.Dispose();
        }

        private static async Task<string> RunAsync(string script, params string[] arguments)
        {
            var start = new ProcessStartInfo("bash", [Path.Combine(AppContext.BaseDirectory, "rgw", script), .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;

            // The daemons keep the error stream for themselves: its end is theirs.
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            var printed = new List<string>();
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                printed.Add(line);
                if (line.StartsWith(Variable, StringComparison.Ordinal))
                    break;
            }

            await process.WaitForExitAsync();
            return process.ExitCode == 0
                ? string.Join('\n', printed)
                : throw new InvalidOperationException($"{script} ended with {process.ExitCode}: {string.Join('\n', printed)}");
        }
    }
}
