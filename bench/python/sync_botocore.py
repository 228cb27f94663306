"""boto3's S3 client: GetObject of the URL http://host:port/bucket/key, from anything that serves it."""

from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from harness import run


class Peer:
    def __init__(self, options):
        url = urlsplit(options.url)
        self.bucket, self.key = url.path.strip("/").split("/", 1)
        self.client = boto3.client(
            "s3",
            endpoint_url=f"{url.scheme}://{url.netloc}",
            region_name="eu-west-1",
            aws_access_key_id="id",
            aws_secret_access_key="key",
            config=Config(
                s3={"addressing_style": "path"}, max_pool_connections=options.connections
            ),
        )

    def get(self, url):
        return len(self.client.get_object(Bucket=self.bucket, Key=self.key)["Body"].read())

    def close(self):
        self.client.close()


if __name__ == "__main__":
    run(Peer)
