using Amazon.Runtime;
using Amazon.S3;

namespace Pipeline.Lake;

/// <summary>Makes the SDK's client for a lake's options.</summary>
internal static class S3Connection
{
    private const string DefaultRegion = "us-east-1";

    /// <summary>Opens a client. Nothing is sent yet.</summary>
    /// <param name="options">Options without faults.</param>
    /// <param name="wrap">Stands between the client and the network; for tests.</param>
    /// <exception cref="TerminalException">No region is known for AWS.</exception>
    public static (AmazonS3Client Client, IDisposable Http) Open(S3Options options, Func<HttpMessageHandler, HttpMessageHandler>? wrap)
    {
        var http = new Factory(options, wrap);
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.UsesPathStyle,
            RequestChecksumCalculation = options.UsedChecksums == S3Checksums.WhenRequired
                ? RequestChecksumCalculation.WHEN_REQUIRED
                : RequestChecksumCalculation.WHEN_SUPPORTED,
            ResponseChecksumValidation = options.UsedChecksums == S3Checksums.WhenRequired
                ? ResponseChecksumValidation.WHEN_REQUIRED
                : ResponseChecksumValidation.WHEN_SUPPORTED,

            // All retries are the adapter's: of a conditional put it must know whether an earlier try may have succeeded.
            MaxErrorRetry = 0,
            ThrottleRetries = false,
            HttpClientFactory = http,
            DisableLogging = true,
        };
        var region = options.Region ?? Environment.GetEnvironmentVariable("AWS_REGION") ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION");
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region ?? DefaultRegion;
        }
        else
        {
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(
                region ?? throw new TerminalException(
                    $"{S3Options.Section}:{nameof(S3Options.Region)} is not set, nor is AWS_REGION: say in which region the bucket is."));
        }

        if (string.IsNullOrEmpty(options.AccessKey))
            return (new AmazonS3Client(config), http);
        AWSCredentials keys = string.IsNullOrEmpty(options.SessionToken)
            ? new BasicAWSCredentials(options.AccessKey, options.SecretKey)
            : new SessionAWSCredentials(options.AccessKey, options.SecretKey, options.SessionToken);
        return (new AmazonS3Client(keys, config), http);
    }

    private sealed class Factory : HttpClientFactory, IDisposable
    {
        private static readonly TimeSpan _connect = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan _idle = TimeSpan.FromSeconds(30);

        private readonly HttpClient _client;

        public Factory(S3Options options, Func<HttpMessageHandler, HttpMessageHandler>? wrap)
        {
            HttpMessageHandler network = new SocketsHttpHandler
            {
                ConnectTimeout = _connect,
                PooledConnectionIdleTimeout = _idle,
                MaxConnectionsPerServer = options.MaxConnections,
                AllowAutoRedirect = false,
                UseCookies = false,
            };
            _client = new HttpClient(new Transport { InnerHandler = wrap?.Invoke(network) ?? network }) { Timeout = Timeout.InfiniteTimeSpan };
        }

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public void Dispose() => _client.Dispose();
    }

    /// <summary>The last stage before the network.</summary>
    private sealed class Transport : DelegatingHandler
    {
        private const long WorthAsking = 1 << 20;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // Asking first is a round trip; it is worth one where much would be sent in vain.
            if (request.Content?.Headers.ContentLength is not >= WorthAsking)
                request.Headers.ExpectContinue = false;
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                if (request.Method != HttpMethod.Get)
                    await response.Content.LoadIntoBufferAsync(cancellationToken);
                return response;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // In words only: of the exceptions themselves the SDK takes some for a stale connection and silently sends the request again.
                throw new S3ConnectionException(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
            }
        }
    }
}

/// <summary>The connection broke while a request was on its way: whether the server acted on it is unknown.</summary>
internal sealed class S3ConnectionException(string message) : Exception(message);
